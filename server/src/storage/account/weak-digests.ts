import sql, { join } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/** The beginnings of digests that are cheap to guess: bcrypt below a cost of 10, argon2id with less than 10 MB. */
const CHEAP = [
  ...['a', 'b', 'y'].flatMap((version) => [4, 5, 6, 7, 8, 9].map((cost) => `$2${version}$0${cost}$%`)),
  ...['_', '__', '___', '____'].map((digits) => `$argon2id$v=19$m=${digits},%`),
]

/** Counts the users with passwords of their own whose digests are cheap to guess. */
export async function countWeakDigests(db: Queries): Promise<number> {
  const isCheap = join(
    CHEAP.map((pattern) => sql`password_digest like ${pattern}`),
    ' or ',
  )
  const rows = await db.query<{ users: number }>(sql`
    select count(*) as users from users where seeded_as is null and (${isCheap})`)
  return Number(rows[0]?.users ?? 0)
}

/** Counts the demo users. */
export async function countDemoUsers(db: Queries): Promise<number> {
  const rows = await db.query<{ users: number }>(sql`select count(*) as users from users where seeded_as is not null`)
  return Number(rows[0]?.users ?? 0)
}
