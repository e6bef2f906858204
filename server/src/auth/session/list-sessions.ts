import { isUuid } from '../../crypto/tokens/uuid.ts'
import { type AuditEventRow, findAuditEvents } from '../../storage/notice/audit-events.ts'
import { findActiveSessionsOfUser, findSessionOfUser, type UserSession } from '../../storage/session/user-sessions.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'

const MAX_SESSIONS = 1000
const MAX_EVENTS = 200

/** Returns the active sessions of the caller, the one that was used last first; a thousand at most. */
export function listSessions(ctx: Pick<Context, 'db' | 'now'>, { userId }: Caller): Promise<UserSession[]> {
  return findActiveSessionsOfUser(ctx.db, { userId, now: ctx.now(), limit: MAX_SESSIONS })
}

/**
 * Returns a session of the caller, ended or not, with its newest audit events.
 *
 * @throws {AuthError} `session_not_found`, also for a session of another user
 */
export async function showSession(
  ctx: Pick<Context, 'db'>,
  { caller, id }: { caller: Caller; id: string },
): Promise<{ session: UserSession; events: AuditEventRow[] }> {
  const session = isUuid(id) ? await findSessionOfUser(ctx.db, { id: id.toLowerCase(), userId: caller.userId }) : null
  if (!session) throw new AuthError('session_not_found')
  const filter = { userIds: [caller.userId], sessionId: session.id, kind: null, since: null, until: null }
  return { session, events: await findAuditEvents(ctx.db, { ...filter, limit: MAX_EVENTS }) }
}
