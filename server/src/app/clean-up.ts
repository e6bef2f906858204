import type { Context } from '../auth/context/context.ts'
import { deleteExpiredRows, EXPIRING_TABLES } from '../storage/database/expired-rows.ts'

/** Statements are short, so that requests get their turn in between. */
const BATCH = 1000

/**
 * Deletes everything that has expired, table by table.
 *
 * @returns the number of deleted rows of each table
 */
export async function cleanUp(ctx: Pick<Context, 'db' | 'now'>): Promise<Record<string, number>> {
  const now = ctx.now()
  const deleted: Record<string, number> = {}
  for (const table of EXPIRING_TABLES) {
    let [batch, total] = [BATCH, 0]
    while (batch === BATCH) {
      batch = await deleteExpiredRows(ctx.db, table, { now, limit: BATCH })
      total += batch
    }
    deleted[table.name] = total
  }
  return deleted
}
