import { findActiveSession } from '../../storage/session/sessions.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'

/**
 * Identifies the caller by an access token. One statement reads session and user each time: a logout, a deletion or a
 * changed role takes effect at once, although the token itself is valid until it expires.
 *
 * @returns null unless the token is valid and its session is active
 */
export async function authenticate(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  accessToken: string,
): Promise<Caller | null> {
  const now = ctx.now()
  const verified = await ctx.tokens.access.verify(accessToken, { now })
  if (!verified) return null
  const { sid: sessionId, sub: userGuid } = verified.claims
  const found = await findActiveSession(ctx.db, { id: sessionId, kind: verified.kind, userGuid, now })
  if (!found) return null
  const { authenticated_at: authenticatedAt, amr, ...profile } = found
  const { id: userId, guid, role } = profile
  return { userId, guid, role, sessionId, authenticatedAt, methods: amr.split(' '), profile }
}
