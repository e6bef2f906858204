import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

export interface NewAuditEvent {
  kind:
    | 'user_registered'
    | 'user_deleted'
    | 'login_succeeded'
    | 'login_failed'
    | 'pair_issued'
    | 'logout'
    | 'refresh_token_reused'
    | 'history_lost'
    | 'address_changed'
    | 'password_changed'
  user_id: number | null
  session_id?: string | null
  ip: string | null
  user_agent: string | null
  /** Never a secret, a token or anything typed by an unknown caller. */
  details?: Record<string, string | number | null>
}

export async function insertAuditEvent(tx: Queries, event: NewAuditEvent, now: Date): Promise<void> {
  await tx.query(sql`
    insert into audit_events (at, kind, user_id, session_id, ip, user_agent, details)
    values (${now}, ${event.kind}, ${event.user_id}, ${event.session_id ?? null}, ${event.ip}, ${event.user_agent},
      ${JSON.stringify(event.details ?? {})})`)
}
