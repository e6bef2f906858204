import { lockUserAgainstDelete, lockUserExclusive } from '../../storage/account/user-locks.ts'
import type { AuditKind } from '../../storage/notice/audit-events.ts'
import { deleteTokensOfSession } from '../../storage/session/refresh-tokens.ts'
import { revokeSession } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { notify } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'

export interface SessionEnd {
  session: { id: string; userId: number }
  reason: 'logout' | 'reuse' | 'rolled_back' | 'operator'
  /** Of the refresh token that was presented, if one was. */
  generation: number | null
  origin: Origin
  now: Date
}

const AUDITED_AS: Record<SessionEnd['reason'], AuditKind> = {
  logout: 'logout',
  reuse: 'refresh_token_reused',
  rolled_back: 'history_lost',
  operator: 'session_ended',
}

/**
 * Ends a session and no other: from the commit on, nothing of it is good for anything. Audited, and told the person if it
 * was reuse, by the one call that ended it; three times an hour at most.
 *
 * @returns false when it had ended before
 */
export function endSession(
  ctx: Pick<Context, 'db'>,
  { session, reason, generation, origin, now }: SessionEnd,
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    // Parallel reuses count each other's mails.
    if (reason === 'reuse') await lockUserExclusive(tx, session.userId)
    else await lockUserAgainstDelete(tx, session.userId)
    if (!(await revokeSession(tx, { id: session.id, reason, now }))) return false
    // After a reuse the rows stay until the session's absolute end, so that each token still gets its own answer.
    if (reason === 'logout' || reason === 'operator') await deleteTokensOfSession(tx, session.id)
    const details = generation === null ? {} : { generation }
    await recordEvent(
      tx,
      { kind: AUDITED_AS[reason], userId: session.userId, sessionId: session.id, details },
      origin,
      now,
    )
    if (reason === 'reuse') {
      const kind = 'refresh_token_reused'
      const data = { session_id: session.id, ip: origin.ip, user_agent: origin.userAgent, at: now.toISOString() }
      await notify(tx, { user_id: session.userId, kind, data, dedupe_key: `${kind}:${session.id}` }, now)
    }
    return true
  })
}
