import { insertAuditEvent, type NewAuditEvent } from '../storage/audit-events.ts'
import { insertMail } from '../storage/outbox.ts'
import { deleteTokensOfSession } from '../storage/refresh-tokens.ts'
import { revokeSession } from '../storage/sessions.ts'
import { keepUser } from '../storage/users.ts'
import type { Client, Context } from './context.ts'

export interface SessionEnd {
  session: { id: string; userId: number }
  reason: 'logout' | 'reuse' | 'rolled_back'
  /** Of the refresh token that was presented. */
  generation: number
  client: Client
  now: Date
}

const AUDITED_AS: Record<SessionEnd['reason'], NewAuditEvent['kind']> = {
  logout: 'logout',
  reuse: 'refresh_token_reused',
  rolled_back: 'history_lost',
}

/**
 * Ends a session and no other: from the commit on, nothing of it is good for anything. Audited, and told the person if it
 * was reuse, by the one call that ended it.
 *
 * @returns false when it had ended before
 */
export function endSession(
  ctx: Pick<Context, 'db'>,
  { session, reason, generation, client, now }: SessionEnd,
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    await keepUser(tx, session.userId)
    if (!(await revokeSession(tx, { id: session.id, reason, now }))) return false
    // After a reuse the rows stay until the session's absolute end, so that each token still gets its own answer.
    if (reason === 'logout') await deleteTokensOfSession(tx, session.id)
    const where = { user_id: session.userId, session_id: session.id, ip: client.ip, user_agent: client.userAgent }
    await insertAuditEvent(tx, { kind: AUDITED_AS[reason], ...where, details: { generation } }, now)
    if (reason === 'reuse') {
      const data = { session_id: session.id, ip: client.ip, user_agent: client.userAgent, at: now.toISOString() }
      const dedupe_key = `refresh_token_reused:${session.id}`
      await insertMail(tx, { user_id: session.userId, kind: 'refresh_token_reused', data, dedupe_key }, now)
    }
    return true
  })
}
