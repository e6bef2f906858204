import { lockUserAgainstDelete, lockUserExclusive } from '../../storage/account/user-locks.ts'
import type { AuditKind } from '../../storage/notice/audit-events.ts'
import { deleteTokensOfSession } from '../../storage/session/refresh-tokens.ts'
import { forgetDevice, revokeSession } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { notify } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'

interface SessionEnd {
  session: { id: string; userId: number }
  reason: 'logout' | 'displaced' | 'reuse' | 'rolled_back' | 'operator'
  /** The generation of the refresh token that was presented, if any. */
  generation: number | null
  origin: Origin
  now: Date
}

const AUDIT_KINDS: Record<SessionEnd['reason'], AuditKind> = {
  logout: 'logout',
  displaced: 'session_ended',
  reuse: 'refresh_token_reused',
  rolled_back: 'history_lost',
  operator: 'session_ended',
}

/**
 * Ends one session: once this is committed, none of its tokens is accepted. Only the call that ends it records an audit
 * event and, after a reuse, mails the user, at most three times an hour.
 *
 * @returns false when the session had already ended
 */
export function endSession(
  ctx: Pick<Context, 'db'>,
  { session, reason, generation, origin, now }: SessionEnd,
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    // Parallel reuses must count each other's mails.
    if (reason === 'reuse') await lockUserExclusive(tx, session.userId)
    else await lockUserAgainstDelete(tx, session.userId)
    if (!(await revokeSession(tx, { id: session.id, reason, now }))) return false
    // After a reuse the rows stay until the session's absolute end, so that each token still gets its own answer.
    if (reason === 'logout' || reason === 'displaced' || reason === 'operator')
      await deleteTokensOfSession(tx, session.id)
    // Its token, or more, was in other hands.
    if (reason !== 'logout' && reason !== 'displaced') await forgetDevice(tx, session)
    const details = { ...(generation !== null && { generation }), ...(reason === 'displaced' && { reason }) }
    await recordEvent(
      tx,
      { kind: AUDIT_KINDS[reason], userId: session.userId, sessionId: session.id, details },
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
