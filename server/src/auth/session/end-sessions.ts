import { setTimeout as sleep } from 'node:timers/promises'
import { endEveryToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserExclusive } from '../../storage/account/user-locks.ts'
import { forgetDevicesOfUser, revokeNextSessions } from '../../storage/session/sessions.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'

/** Ends all active sessions of a user on behalf of an operator; returns how many there were. */
export function endSessionsOfUser(
  ctx: Pick<Context, 'db' | 'now'>,
  { userId, origin }: { userId: number; origin: Origin },
): Promise<number> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    // Wait for concurrent logins: their sessions end too.
    await lockUserExclusive(tx, userId)
    const ended = (await revokeActiveSessionsOfUser(tx, { userId, reason: 'operator', now })).length
    await forgetDevicesOfUser(tx, userId)
    const details = { sessions: ended }
    if (ended > 0) await recordEvent(tx, { kind: 'session_ended', userId, details }, origin, now)
    return ended
  })
}

/** Sorts before every session id. */
const FIRST_SESSION_ID = '00000000-0000-0000-0000-000000000000'
const BATCH_SIZE = 500
/** A pause between batches gives servers on the same SQLite file their turn. */
const PAUSE_MILLISECONDS = 20

/**
 * Ends every session that has begun by now, for an operator who restored a backup: sessions that had ended since the backup
 * would otherwise be active again, as would used one-time links, which end too. It works in batches, beside running servers, and audits how many sessions each batch
 * ended.
 */
export async function endEverySession(
  ctx: Pick<Context, 'db' | 'now'>,
  { origin }: { origin: Origin },
): Promise<number> {
  const now = ctx.now()
  await endEveryToken(ctx.db, now)
  let [ended, after] = [0, FIRST_SESSION_ID]
  for (;;) {
    const ids = await ctx.db.transaction(async (tx) => {
      const batch = await revokeNextSessions(tx, { reason: 'operator', now, after, limit: BATCH_SIZE })
      const details = { sessions: batch.length }
      if (batch.length > 0) await recordEvent(tx, { kind: 'session_ended', userId: null, details }, origin, now)
      return batch
    })
    const last = ids.toSorted().at(-1)
    if (last === undefined) return ended
    ended += ids.length
    after = last
    await sleep(PAUSE_MILLISECONDS)
  }
}
