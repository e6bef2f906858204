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
  let sessions = 0
  for (;;) {
    const deleted = await deleteEndedSessions(ctx.db, now, BATCH)
    sessions += deleted
    if (deleted < BATCH) break
  }
  await deleteSpentLimits(ctx.db, now)
  return sessions
}
