import { readRefreshToken } from '../../crypto/refresh-token.ts'
import { findChain, findToken } from '../../storage/session/refresh-tokens.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { endSession } from './end-session.ts'
import { isAheadOfDatabase } from './lost-history.ts'
import { SESSION_KINDS } from './session-kind.ts'

/**
 * Ends the session of any authentic refresh token, even if it is expired, used, part of a pair, or lost by the database
 * (RFC 7009, 2.1).
 *
 * @throws {AuthError} `invalid_refresh_token` for a token that this server did not issue, and for an ended session
 */
export async function logout(
  ctx: Pick<Context, 'db' | 'tokens' | 'now' | 'log'>,
  input: { refreshToken: string; client: Client },
): Promise<void> {
  const token = readRefreshToken(ctx.tokens.refreshKeys, input.refreshToken)
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
  const ended = await endSession(ctx, { session, reason: 'logout', generation, origin: input.client, now: ctx.now() })
  if (!ended) throw new AuthError('invalid_refresh_token')
}
