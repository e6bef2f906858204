import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/** Moves the absolute end of a session. Returns false if there is no such session. */
export async function moveSessionEnd(db: Queries, id: string, end: Date): Promise<boolean> {
  const rows = await db.query(sql`update sessions set expires_at = ${end} where id = ${id} returning id`)
  return rows.length > 0
}

/** Moves the end of all refresh tokens of a session. Returns false if it has none. */
export async function endTokensOfSession(db: Queries, id: string, end: Date): Promise<boolean> {
  const rows = await db.query(sql`update refresh_tokens set expires_at = ${end} where session_id = ${id} returning id`)
  return rows.length > 0
}

/** Moves the time at which the user of a session authenticated. */
export async function moveAuthTime(db: Queries, id: string, at: Date): Promise<void> {
  await db.query(sql`update sessions set auth_time = ${at} where id = ${id} returning id`)
}
