import type { RefreshToken } from '../../crypto/refresh-token.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import { SESSION_KINDS } from './session-kind.ts'

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
  /** The address that the tokens are issued to. */
  ip: string
  now: Date
}

/** Signs the access token that goes with a refresh token. */
export function issueTokens(ctx: Pick<Context, 'tokens' | 'settings'>, of: TokensOf): IssuedTokens {
  const issuedAt = Math.floor(of.now.getTime() / 1000)
  const { encoded, sessionId, generation } = of.refreshToken
  const bound = SESSION_KINDS[of.kind].bindsAccessToken
  const access_token = ctx.tokens.access.sign(of.kind, {
    sub: of.user.guid,
    sid: sessionId,
    jti: of.jti,
    role: of.user.role,
    iat: issuedAt,
    exp: issuedAt + ctx.settings.accessTokenLifetimeSeconds,
    ...(bound && { guid: of.user.guid, ip: of.ip, gen: generation }),
  })
  return { access_token, refresh_token: encoded }
}
