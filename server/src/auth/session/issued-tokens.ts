import type { RefreshToken } from '../../crypto/refresh-token.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import { SESSION_KINDS } from './session-kind.ts'

/** The tokens that a login or a refresh returns; the names are those of the API. */
export interface IssuedTokens {
  access_token: string
  refresh_token: string
}

interface IssueTokensInput {
  kind: SessionKind
  user: Pick<UserRow, 'guid' | 'role'>
  refreshToken: RefreshToken
  jti: string
  /** The address that the tokens are issued to. */
  ip: string
  sessionEndsAt: Date
  now: Date
}

/** Signs the access token that is issued with a refresh token. It never outlives its session. */
export function issueTokens(
  ctx: Pick<Context, 'tokens' | 'settings'>,
  { kind, user, refreshToken, jti, ip, sessionEndsAt, now }: IssueTokensInput,
): IssuedTokens {
  const issuedAt = Math.floor(now.getTime() / 1000)
  const { encoded, sessionId, generation } = refreshToken
  const isBound = SESSION_KINDS[kind].bindsAccessToken
  const access_token = ctx.tokens.access.sign(kind, {
    sub: user.guid,
    sid: sessionId,
    jti,
    role: user.role,
    iat: issuedAt,
    exp: Math.min(issuedAt + ctx.settings.accessTokenLifetimeSeconds, Math.floor(sessionEndsAt.getTime() / 1000)),
    ...(isBound && { guid: user.guid, ip, gen: generation }),
  })
  return { access_token, refresh_token: encoded }
}
