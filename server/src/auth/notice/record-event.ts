import type { Queries } from '../../storage/database/database.ts'
import { type AuditDetails, type AuditKind, insertAuditEvent } from '../../storage/notice/audit-events.ts'
import type { Origin } from '../context/origin.ts'

export interface AuditedEvent {
  kind: AuditKind
  /** The user it happened to; null where the event is about none, or about an unknown one. */
  userId: number | null
  sessionId?: string
  details?: AuditDetails
}

/**
 * Records an audit event with who caused it. Given a transaction, the event is part of it: what was rolled back was never
 * recorded.
 */
export function recordEvent(db: Queries, event: AuditedEvent, origin: Origin, now: Date): Promise<void> {
  const { kind, userId, sessionId = null, details = {} } = event
  const row = { kind, user_id: userId, session_id: sessionId, ip: origin.ip, user_agent: origin.userAgent, details }
  return insertAuditEvent(db, row, now)
}
