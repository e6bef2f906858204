import { findUserOfLivingSession } from '../storage/sessions.ts'
import type { UserRow } from '../storage/users.ts'
import type { Context } from './context.ts'

/**
 * The person an access token speaks for, read anew: a logout, a deletion and a changed role count at once, although the
 * token itself would be good until it expires. One statement.
 *
 * @returns null for anything but a living token of a living session
 */
export async function authenticate(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  accessToken: string,
): Promise<UserRow | null> {
  const now = ctx.now()
  const verified = ctx.tokens.access.verify(accessToken, { now })
  if (!verified) return null
  const { sid, sub } = verified.claims
  return findUserOfLivingSession(ctx.db, { id: sid, kind: verified.kind, userGuid: sub, now })
}
