import type { RefreshToken } from '../../crypto/tokens/refresh-token.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import { SESSION_KINDS } from './session-kind.ts'

/** The tokens that a login or a refresh returns; the names are those of the API (RFC 6749, 5.1). */
export interface IssuedTokens {
  access_token: string
  /** Seconds until the access token expires, at most until the session ends. */
  expires_in: number
  refresh_token: string
  /** Seconds until the refresh token expires, at most until the session ends. */
  refresh_expires_in: number
}

interface IssueTokensInput {
  kind: SessionKind
  user: Pick<UserRow, 'guid' | 'role'>
  refreshToken: RefreshToken
  jti: string
  /** The address that the tokens are issued to. */
  ip: string
  sessionEndsAt: Date
  refreshTokenEndsAt: Date
  now: Date
}

/** Signs the access token that is issued with a refresh token. It never outlives its session. @throws {HashPoolFull} */
export async function issueTokens(
  ctx: Pick<Context, 'tokens' | 'settings'>,
  { kind, user, refreshToken, jti, ip, sessionEndsAt, refreshTokenEndsAt, now }: IssueTokensInput,
): Promise<IssuedTokens> {
  const issuedAt = secondsOf(now)
  const { encoded, sessionId, generation } = refreshToken
  const isBound = SESSION_KINDS[kind].bindsAccessToken
  const expiresAt = Math.min(issuedAt + ctx.settings.accessTokenLifetimeSeconds, secondsOf(sessionEndsAt))
  const access_token = await ctx.tokens.access.sign(kind, {
    sub: user.guid,
    sid: sessionId,
    jti,
    role: user.role,
    iat: issuedAt,
    exp: expiresAt,
    ...(isBound && { guid: user.guid, ip, gen: generation }),
  })
  return {
    access_token,
    expires_in: expiresAt - issuedAt,
    refresh_token: encoded,
    refresh_expires_in: Math.max(0, Math.floor((refreshTokenEndsAt.getTime() - now.getTime()) / 1000)),
  }
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}
