import type { Context } from '../context/context.ts'
import { type IssuedTokens, issueTokens } from '../session/issued-tokens.ts'
import type { IssuedSuccessor } from './refresh-chain.ts'

/** Signs the access token of a successor, by the user and the session that the chain was read with. */
export function issueSuccessor(
  ctx: Pick<Context, 'tokens' | 'settings' | 'log' | 'random'>,
  { chain, successor, isKept, jti, ip, endsAt, now }: IssuedSuccessor,
): Promise<IssuedTokens> {
  return issueTokens(ctx, {
    kind: chain.kind,
    user: chain,
    authentication: chain,
    refreshToken: successor,
    isKept,
    jti,
    ip,
    sessionEndsAt: chain.expires_at,
    refreshTokenEndsAt: endsAt,
    now,
  })
}
