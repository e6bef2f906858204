import { createHash } from 'node:crypto'
import sql, { type Sql } from 'sql-template-tag'

const PREFIX = 'tessera/ending/v1'
const HASH_BYTES = 16

/**
 * Returns the name of a session or a user in the list of endings. Ids tell when a session began and who a user is; their
 * hashes tell neither, and a service that has a token finds it all the same.
 *
 * @param id as in the claim `sid` or `sub` of an access token
 */
export function endingHash(id: string): string {
  return createHash('sha256').update(PREFIX).update(id, 'utf8').digest().subarray(0, HASH_BYTES).toString('base64url')
}

/** The same hash of a text column, computed by PostgreSQL. */
export function postgresEndingHash(id: Sql): Sql {
  const digest = sql`sha256(convert_to(${PREFIX} || ${id}, 'UTF8'))`
  return sql`rtrim(translate(encode(substring(${digest} from 1 for ${HASH_BYTES}), 'base64'), '+/', '-_'), '=')`
}
