import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

const SAMPLED_AT_EACH_END = 200

/** Password digests of the oldest and the newest users: which kinds there are, in about their proportion. */
export async function sampleDigests(db: Queries): Promise<string[]> {
  const rows = await db.query<{ password_digest: string }>(sql`
    select password_digest from (
      select password_digest from users where password_digest is not null order by id limit ${SAMPLED_AT_EACH_END}
    ) oldest
    union all
    select password_digest from (
      select password_digest from users where password_digest is not null order by id desc limit ${SAMPLED_AT_EACH_END}
    ) newest`)
  return rows.map((row) => row.password_digest)
}
