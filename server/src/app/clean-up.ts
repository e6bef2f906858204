import type { Context } from '../auth/context/context.ts'
import { deleteExpiredRows, EXPIRING_TABLES } from '../storage/database/expired-rows.ts'

/** Limits each statement, so that requests run in between. */
const BATCH_SIZE = 1000

/**
 * Deletes everything that has expired, table by table.
 *
 * @returns the number of deleted rows of each table
 */
export async function cleanUp(ctx: Pick<Context, 'db' | 'now'>): Promise<Record<string, number>> {
  const now = ctx.now()
  const deleted: Record<string, number> = {}
  for (const table of EXPIRING_TABLES) {
    let [batch, total] = [BATCH_SIZE, 0]
    while (batch === BATCH_SIZE) {
      batch = await deleteExpiredRows(ctx.db, table, { now, limit: BATCH_SIZE })
      total += batch
    }
    deleted[table.name] = total
  }
  return deleted
}
