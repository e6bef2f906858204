import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { endSession } from '../session/end-session.ts'
import { logout } from '../session/logout.ts'
import { findActiveToken } from './authenticate.ts'

/**
 * Ends the session of a token (RFC 7009): of any authentic refresh token, as a logout does, and of an access token while it
 * lives. Access tokens lie in logs, so a dead one ends nothing. A token that is unknown, or whose session has ended, is none
 * that has to be revoked.
 */
export async function revoke(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'now' | 'log'>,
  { token, client }: { token: string; client: Client },
): Promise<void> {
  if (readRefreshToken(ctx.tokens.refreshKeys, token)) return revokeRefreshToken(ctx, token, client)
  const found = await findActiveToken(ctx, token)
  if (!found) return
  const session = { id: found.token.claims.sid, userId: found.session.id }
  await endSession(ctx, { session, reason: 'logout', generation: null, origin: client, now: ctx.now() })
}

async function revokeRefreshToken(ctx: Parameters<typeof logout>[0], refreshToken: string, client: Client) {
  try {
    await logout(ctx, { refreshToken, scope: 'session', client })
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
  }
}
