import type { RefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import type { IssuedTokens } from '../session/issued-tokens.ts'
import { issueSuccessor } from './issue-successor.ts'
import { advanceChain } from './refresh-chain.ts'

interface RefreshPairInput {
  accessToken: string
  refreshToken: string
  idempotencyKey: string | null
  client: Client
}

/**
 * Exchanges a pair for a new one; its two tokens must have been issued together. The access token may have expired.
 *
 * @throws {AuthError} `invalid_access_token`, `invalid_refresh_token`, `refresh_token_used`, `refresh_token_expired`
 */
export async function refreshPair(ctx: Context, input: RefreshPairInput): Promise<IssuedTokens> {
  const access = await ctx.tokens.access.verify(input.accessToken, { now: ctx.now(), ignoreTimes: true })
  const compareAccessToken = (token: RefreshToken) => {
    if (access?.kind !== 'pair') return 'invalid'
    const { sid, gen } = access.claims
    return sid === token.sessionId && gen === token.generation ? 'matches' : 'of_another'
  }
  const outcome = await advanceChain(ctx, {
    ...input,
    endpoint: 'pair',
    inCookie: false,
    cookieAttempt: null,
    compareAccessToken,
  })
  ctx.note({ outcome: outcome.line ?? 'rotated' })
  if (outcome.kind === 'refused') throw new AuthError(outcome.code)
  return issueSuccessor(ctx, outcome)
}
