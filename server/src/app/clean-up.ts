import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../auth/context/context.ts'
import { Unavailable } from '../storage/database/errors.ts'
import { deleteExpiredRows, EXPIRING_TABLES } from '../storage/database/expired-rows.ts'
import { longestAccessLifetime } from '../storage/revocation/access-lifetimes.ts'

/** Limits each statement, so that requests run in between. */
const MAX_BATCH = 1000
/** A database that cannot delete so few rows in the time of a statement is out of order. */
const MIN_BATCH = 10
/** The database takes a moment to give up a statement, and until then its rows are locked and would be skipped. */
const CANCEL_MILLISECONDS = 200
const DAY_SECONDS = 86_400
/** A batch that took less may grow. */
const SHORT_MILLISECONDS = 300

/**
 * Deletes everything that has expired, table by table, and logs how much that was. Batches that take too long are made
 * smaller, so that a slow database is cleaned up slowly rather than never.
 *
 * @returns the number of deleted rows of each table
 */
export async function cleanUp(ctx: Pick<Context, 'db' | 'now' | 'log'>): Promise<Record<string, number>> {
  const now = ctx.now()
  // Without a server that ever recorded its own, a day is longer than most.
  const lifetimeSeconds = (await longestAccessLifetime(ctx.db, now)) ?? DAY_SECONDS
  const accessTokens = { lifetimeSeconds }
  const deleted: Record<string, number> = {}
  try {
    for (const table of EXPIRING_TABLES)
      await inBatches(async (limit) => {
        const rows = await deleteExpiredRows(ctx.db, table, { now, limit, accessTokens })
        deleted[table.name] = (deleted[table.name] ?? 0) + rows
        return rows
      })
  } finally {
    if (Object.values(deleted).some((rows) => rows > 0)) ctx.log.info({ deleted }, 'expired rows were deleted')
  }
  return deleted
}

/** Runs batches until one is not full. One that times out is halved; short ones grow again. */
async function inBatches(run: (limit: number) => Promise<number>): Promise<void> {
  let limit = MAX_BATCH
  for (;;) {
    const since = performance.now()
    try {
      const rows = await run(limit)
      if (rows < limit) return
      if (performance.now() - since < SHORT_MILLISECONDS) limit = Math.min(MAX_BATCH, limit * 2)
    } catch (error) {
      if (!(error instanceof Unavailable) || !error.timedOut || limit === MIN_BATCH) throw error
      limit = Math.max(MIN_BATCH, Math.floor(limit / 2))
      await sleep(CANCEL_MILLISECONDS)
    }
  }
}
