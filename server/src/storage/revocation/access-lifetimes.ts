import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

const PREFIX = 'access lifetime '

/** How often a server records the lifetime of its access tokens. */
export const NOTE_LIFETIME_SECONDS = 600
/** A server that stopped may have used its lifetime after it recorded it for the last time. */
const UNCERTAIN_SECONDS = NOTE_LIFETIME_SECONDS + 60

/** Records that access tokens of a lifetime are issued now. */
export async function noteAccessLifetime(db: Queries, seconds: number, now: Date): Promise<void> {
  await db.query(sql`
    insert into installation (name, value) values (${PREFIX + seconds}, ${now.toISOString()})
    on conflict (name) do update set value = excluded.value returning name`)
}

/**
 * Returns the longest lifetime that a living access token may have: the longest that was in force within itself. Null if
 * none was ever recorded.
 */
export async function longestAccessLifetime(db: Queries, now: Date): Promise<number | null> {
  const rows = await db.query<{ name: string; value: string }>(
    sql`select name, value from installation where name like ${`${PREFIX}%`}`,
  )
  if (rows.length === 0) return null
  const living = rows
    .map(({ name, value }) => ({ seconds: Number(name.slice(PREFIX.length)), notedAt: Date.parse(value) }))
    .filter(({ seconds, notedAt }) => (now.getTime() - notedAt) / 1000 < seconds + UNCERTAIN_SECONDS)
  return Math.max(0, ...living.map(({ seconds }) => seconds))
}
