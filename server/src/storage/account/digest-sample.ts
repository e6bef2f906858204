import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

const SAMPLED_AT_EACH_END = 200

const hasOwnPassword = sql`password_digest is not null and seeded_as is null`

/**
 * Password digests of the oldest and the newest users: which kinds there are, in about their proportion. Demo users are left
 * out: their digest is stored with the code and may cost more than any other, and their address is no secret.
 */
export async function sampleDigests(db: Queries): Promise<string[]> {
  const rows = await db.query<{ password_digest: string }>(sql`
    select password_digest from (
      select password_digest from users where ${hasOwnPassword} order by id limit ${SAMPLED_AT_EACH_END}
    ) oldest
    union all
    select password_digest from (
      select password_digest from users where ${hasOwnPassword} order by id desc limit ${SAMPLED_AT_EACH_END}
    ) newest`)
  return rows.map((row) => row.password_digest)
}
