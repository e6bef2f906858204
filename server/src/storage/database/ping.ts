import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

/** Reads one row of a real table, so that it succeeds only if requests would. */
export async function ping(db: Queries): Promise<void> {
  await db.query(sql`select name from migrations limit 1`)
}
