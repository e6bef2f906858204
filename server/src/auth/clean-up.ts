import { deleteSpentLimits } from '../storage/limit-store.ts'
import { deleteOldMails } from '../storage/outbox-delivery.ts'
import { deleteEndedSessions } from '../storage/sessions.ts'
import type { Context } from './context.ts'

const BATCH = 1000
const MAILS_KEPT_MILLISECONDS = 30 * 86_400_000

/**
 * Deletes what is past its absolute end, in batches. Never earlier: until then each token of a session, however old, is
 * known for what it is. Mails are kept for thirty days, sent or not.
 *
 * @returns how many sessions were deleted
 */
export async function cleanUp(ctx: Pick<Context, 'db' | 'now'>): Promise<number> {
  const now = ctx.now()
  await inBatches(() => deleteSpentLimits(ctx.db, now, BATCH))
  const aMonthAgo = new Date(now.getTime() - MAILS_KEPT_MILLISECONDS)
  await inBatches(() => deleteOldMails(ctx.db, aMonthAgo, BATCH))
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
