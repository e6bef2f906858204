import { findAuditEvents } from '../../storage/notice/audit-events.ts'
import { withDatabase } from '../run/with-database.ts'
import { print, printFields, printJson } from '../terminal/output.ts'
import { requireSession } from './require-session.ts'
import { sessionState } from './session-state.ts'

export interface ShowOptions {
  json?: boolean
}

const MAX_EVENTS = 200

/** Shows one session, with the audit events of it, newest first. A reuse has its whole scene there. */
export async function showSessionCommand(id: string, options: ShowOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const session = await requireSession(ctx, id)
    const filter = { userIds: null, sessionId: session.id, kind: null, since: null, until: null, limit: MAX_EVENTS }
    const events = await findAuditEvents(ctx.db, filter)
    if (options.json) return printJson([{ ...session, events }])
    const { revoked_at, revoke_reason, user_agent: device, ...fields } = session
    const now = ctx.now()
    printFields({ ...fields, ended_at: revoked_at, state: sessionState(session, now), device }, now)
    for (const { at, kind, ip, user_agent, details } of events) {
      print('')
      printFields({ at, event: kind, ip, device: user_agent, ...details }, now)
    }
  })
}
