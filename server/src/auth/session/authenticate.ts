import { findLivingSession } from '../../storage/session/sessions.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'

/**
 * The caller of an access token. Session and user are read anew: a logout, a deletion and a changed role count at once,
 * although the token itself would be good until it expires. One statement.
 *
 * @returns null for anything but a living token of a living session
 */
export async function authenticate(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  accessToken: string,
): Promise<Caller | null> {
  const now = ctx.now()
  const verified = ctx.tokens.access.verify(accessToken, { now })
  if (!verified) return null
  const { sid: sessionId, sub: userGuid } = verified.claims
  const found = await findLivingSession(ctx.db, { id: sessionId, kind: verified.kind, userGuid, now })
  if (!found) return null
  const { auth_time: authenticatedAt, amr, ...profile } = found
  const { id: userId, guid, role } = profile
  return { userId, guid, role, sessionId, authenticatedAt, methods: amr.split(' '), profile }
}
