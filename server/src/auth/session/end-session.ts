import { lockUserAgainstDelete, lockUserExclusive } from '../../storage/account/user-locks.ts'
import type { AuditDetails } from '../../storage/notice/audit-events.ts'
import type { AuditKind } from '../../storage/notice/audit-kinds.ts'
import { deleteTokensOfSessions } from '../../storage/session/refresh-tokens.ts'
import { forgetDevices, revokeSession } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { notify } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'

interface SessionEnd {
  session: { id: string; userId: number }
  reason: 'logout' | 'ended' | 'displaced' | 'reuse' | 'rolled_back' | 'disowned' | 'operator'
  /** The generation of the refresh token that was presented, if any. */
  generation: number | null
  /** More for the audit event. */
  details?: AuditDetails
  origin: Origin
  now: Date
}

const AUDIT_KINDS: Record<SessionEnd['reason'], AuditKind> = {
  logout: 'logout',
  ended: 'session_ended',
  displaced: 'session_ended',
  reuse: 'refresh_token_reused',
  rolled_back: 'history_lost',
  disowned: 'session_ended',
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
  { session, reason, generation, details: more = {}, origin, now }: SessionEnd,
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    // Parallel reuses must count each other's mails. Ends that forget a device write to more than one session.
    if (forgetsDevice(reason)) await lockUserExclusive(tx, session.userId)
    else await lockUserAgainstDelete(tx, session.userId)
    if (!(await revokeSession(tx, { id: session.id, reason, now }))) return false
    // After a reuse the rows stay until the session's absolute end, so that each token still gets its own answer.
    if (reason !== 'reuse' && reason !== 'rolled_back') await deleteTokensOfSessions(tx, [session.id])
    if (forgetsDevice(reason)) await forgetDevices(tx, { userId: session.userId, sessionIds: [session.id] })
    const details = {
      ...(generation !== null && { generation }),
      ...more,
      ...(AUDIT_KINDS[reason] === 'session_ended' && { reason }),
    }
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

/** Whether a token of the session, or more, was in other hands. */
function forgetsDevice(reason: SessionEnd['reason']): boolean {
  return reason !== 'logout' && reason !== 'displaced'
}
