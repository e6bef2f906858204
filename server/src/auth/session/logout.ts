import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { type ChainRow, findChain, findToken } from '../../storage/session/refresh-tokens.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { endSessionsOf } from './end-own-sessions.ts'
import { endSession } from './end-session.ts'
import { isAheadOfDatabase } from './lost-history.ts'
import { SESSION_KINDS } from './session-kind.ts'

export const LOGOUT_SCOPES = ['session', 'others', 'all'] as const

interface Logout {
  refreshToken: string
  /** The sessions to end: that of the token, all others of its user, or all. */
  scope: (typeof LOGOUT_SCOPES)[number]
  client: Client
}

/**
 * Ends the session of any authentic refresh token, even if it is expired, used, part of a pair, or lost by the database
 * (RFC 7009, 2.1). It ends other sessions only for a token that its client may still hold: with an old one out of a log or
 * a backup, a wider scope ends the token's own session. A pair ends its own session, whatever the scope.
 *
 * @returns whether the session of the token has ended
 * @throws {AuthError} `invalid_refresh_token` for a token that this server did not issue, and for an ended session
 */
export async function logout(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'now' | 'log'>,
  { refreshToken, scope, client }: Logout,
): Promise<boolean> {
  const token = readRefreshToken(ctx.tokens.refreshKeys, refreshToken)
  const chain = token && (await findChain(ctx.db, token.sessionId))
  if (!token || !chain) throw new AuthError('invalid_refresh_token')
  const session = { id: chain.session_id, userId: chain.user_id }
  const { generation } = token
  const row = findToken(chain, generation)
  const { tokenDigest } = SESSION_KINDS[chain.kind]
  const digestMatches = row && (await ctx.tokens.digests.matches(tokenDigest, token.secret, row.token_digest))
  if (!chain.revoked_at && isAheadOfDatabase(chain, generation, digestMatches)) {
    ctx.log.error(
      { sessionId: chain.session_id, generation },
      'a logout used a genuine refresh token that is unknown to the database: the database was rolled back',
    )
  }
  const now = ctx.now()
  if (scope !== 'session' && chain.kind === 'login' && digestMatches && isHeld(ctx, chain, generation, now)) {
    const by = { userId: session.userId, sessionId: session.id }
    const ended = await endSessionsOf(ctx, { by, includesOwn: scope === 'all', kind: null, client })
    if (ended === null) throw new AuthError('invalid_refresh_token')
    return scope === 'all'
  }
  const ended = await endSession(ctx, { session, reason: 'logout', generation, origin: client, now })
  if (!ended) throw new AuthError('invalid_refresh_token')
  return true
}

/** Whether the client of a session may hold the token: unused, or used so recently that its successor may not have arrived. */
function isHeld({ settings }: Pick<Context, 'settings'>, chain: ChainRow, generation: number, now: Date): boolean {
  const usedAt = findToken(chain, generation)?.used_at ?? null
  if (usedAt === null) return true
  const secondsSince = (now.getTime() - usedAt.getTime()) / 1000
  return findToken(chain, generation + 2) === null && secondsSince < settings.replayWindowSeconds
}
