import { deleteSpentLimits } from '../storage/limit-store.ts'
import { deleteEndedSessions } from '../storage/sessions.ts'
import type { Context } from './context.ts'

const BATCH = 1000

/**
 * Deletes what is past its absolute end, in batches. Never earlier: until then each token of a session, however old, is
 * known for what it is.
 *
 * @returns how many sessions were deleted
 */
export async function cleanUp(ctx: Pick<Context, 'db' | 'now'>): Promise<number> {
  const now = ctx.now()
  await inBatches(() => deleteSpentLimits(ctx.db, now, BATCH))
  return inBatches(() => deleteEndedSessions(ctx.db, now, BATCH))
}

/** Until a batch is not full; short statements let requests in between. */
async function inBatches(deleteBatch: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const deleted = await deleteBatch()
    total += deleted
    if (deleted < BATCH) return total
  }
}
