import type { RefreshToken } from '../crypto/refresh-token.ts'
import type { SessionKind } from '../storage/sessions.ts'
import type { UserRow } from '../storage/users.ts'
import type { Context } from './context.ts'

/** What a client gets from a login or a refresh; the names are those of the wire. */
export interface IssuedTokens {
  access_token: string
  refresh_token: string
}

export interface TokensOf {
  kind: SessionKind
  user: Pick<UserRow, 'guid' | 'role'>
  refreshToken: RefreshToken
  jti: string
  /** The address that a pair is issued to. */
  ip: string
  now: Date
}

/** Signs the access token that goes with a refresh token. */
export function issueTokens(ctx: Pick<Context, 'tokens' | 'settings'>, of: TokensOf): IssuedTokens {
  const issuedAt = Math.floor(of.now.getTime() / 1000)
  const claims = {
    sub: of.user.guid,
    sid: of.refreshToken.sessionId,
    jti: of.jti,
    role: of.user.role,
    iat: issuedAt,
    exp: issuedAt + ctx.settings.accessTokenLifetimeSeconds,
  }
  const access_token =
    of.kind === 'login'
      ? ctx.tokens.access.sign('login', claims)
      : ctx.tokens.access.sign('pair', { ...claims, guid: of.user.guid, ip: of.ip, gen: of.refreshToken.generation })
  return { access_token, refresh_token: of.refreshToken.encoded }
}
