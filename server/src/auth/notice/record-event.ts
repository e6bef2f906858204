import type { Queries } from '../../storage/database/database.ts'
import { type AuditDetails, insertAuditEvent, type NewAuditEvent } from '../../storage/notice/audit-events.ts'
import type { AuditKind } from '../../storage/notice/audit-kinds.ts'
import type { Origin } from '../context/origin.ts'

interface AuditedEvent {
  kind: AuditKind
  /** The user that the event is about; null if there is none, or the user is unknown. */
  userId: number | null
  sessionId?: string
  /** The digest of an address that the user gives up by this event. */
  emailDigest?: string | null
  details?: AuditDetails
}

/**
 * Records an audit event with its actor, a service by its name. In a transaction, the event is part of it: a rollback removes the event, too.
 */
export function recordEvent(db: Queries, event: AuditedEvent, origin: Origin, now: Date): Promise<void> {
  return insertAuditEvent(db, auditRow(event, origin), now)
}

/** Returns an event as it is stored, with its actor. */
export function auditRow(event: AuditedEvent, origin: Origin): NewAuditEvent {
  const { kind, userId, sessionId = null, emailDigest = null, details = {} } = event
  const actor = { ip: origin.ip, user_agent: origin.userAgent }
  const named = origin.service == null ? details : { ...details, service: origin.service }
  return { kind, user_id: userId, session_id: sessionId, email_digest: emailDigest, ...actor, details: named }
}
