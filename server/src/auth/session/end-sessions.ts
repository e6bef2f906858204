import { endEveryToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserExclusive } from '../../storage/account/user-locks.ts'
import { raiseSessionEpoch } from '../../storage/session/session-epoch.ts'
import { countActiveSessions, forgetDevicesOfUser } from '../../storage/session/sessions.ts'
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

/**
 * Ends every session in one statement, however many there are, for an operator who restored a backup: sessions that had
 * ended since the backup would otherwise be active again, as would used one-time links, which end too.
 *
 * @returns how many sessions were active just before
 */
export async function endEverySession(
  ctx: Pick<Context, 'db' | 'now'>,
  { origin }: { origin: Origin },
): Promise<number> {
  const now = ctx.now()
  await endEveryToken(ctx.db, now)
  const sessions = await countActiveSessions(ctx.db, now)
  await ctx.db.transaction(async (tx) => {
    await raiseSessionEpoch(tx, now)
    if (sessions > 0) await recordEvent(tx, { kind: 'session_ended', userId: null, details: { sessions } }, origin, now)
  })
  return sessions
}
