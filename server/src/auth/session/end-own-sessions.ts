import { isUuid } from '../../crypto/tokens/uuid.ts'
import { lockUserExclusive } from '../../storage/account/user-locks.ts'
import { deleteTokensOfSessions } from '../../storage/session/refresh-tokens.ts'
import { forgetDevices, type SessionKind } from '../../storage/session/sessions.ts'
import { isSessionActive, revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { endSession } from './end-session.ts'

/**
 * Ends one session on behalf of its user, the one of the call too.
 *
 * @throws {AuthError} `session_not_found`: another user's, unknown, or ended before
 */
export async function endOwnSession(
  ctx: Pick<Context, 'db' | 'now'>,
  { caller, id, client }: { caller: Caller; id: string; client: Client },
): Promise<void> {
  const now = ctx.now()
  const session = { id: id.toLowerCase(), userId: caller.userId }
  const isOwn = isUuid(id) && (await isSessionActive(ctx.db, { ...session, now }))
  const reason = session.id === caller.sessionId ? 'logout' : 'ended'
  const ended = isOwn && (await endSession(ctx, { session, reason, generation: null, origin: client, now }))
  if (!ended) throw new AuthError('session_not_found')
}

interface EndSessions {
  /** The user whose sessions end, and the session on whose behalf they do, which must be active. */
  by: { userId: number; sessionId: string }
  /** Whether that session ends with them. */
  includesOwn: boolean
  /** Only sessions of this kind; null for all. */
  kind: SessionKind | null
  client: Client
}

/**
 * Ends the other sessions of a user, or all: once this returns, none of their tokens is accepted. Of two sessions that end
 * each other at the same time, one wins.
 *
 * @returns how many sessions ended; null when the session that ends them had ended before
 */
export function endSessionsOf(
  ctx: Pick<Context, 'db' | 'now'>,
  { by, includesOwn, kind, client }: EndSessions,
): Promise<number | null> {
  const now = ctx.now()
  const { userId, sessionId } = by
  return ctx.db.transaction(async (tx) => {
    await lockUserExclusive(tx, userId)
    if (!(await isSessionActive(tx, { id: sessionId, userId, now }))) return null
    const except = includesOwn ? null : sessionId
    const ended = await revokeActiveSessionsOfUser(tx, { userId, except, kind, reason: 'ended', now })
    await deleteTokensOfSessions(tx, ended)
    await forgetDevices(tx, { userId, sessionIds: ended })
    const details = { reason: 'ended', sessions: ended.length }
    if (ended.length > 0) await recordEvent(tx, { kind: 'session_ended', userId, sessionId, details }, client, now)
    return ended.length
  })
}
