import { makeAttempt } from '../../crypto/tokens/attempt.ts'
import type { RefreshToken } from '../../crypto/tokens/refresh-token.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import { type StoredClaims, tokenClaims } from '../claims/token-claims.ts'
import type { Context } from '../context/context.ts'
import { SESSION_KINDS } from './session-kind.ts'

/** The tokens that a login or a refresh returns; the names are those of the API (RFC 6749, 5.1). */
export interface IssuedTokens {
  /** The attempt to refresh with the refresh token, which is sent beside it; null for a token that the client keeps. */
  attempt: string | null
  access_token: string
  /** Seconds until the access token expires, at most until the session ends. */
  expires_in: number
  refresh_token: string
  /** Seconds until the refresh token expires, at most until the session ends. */
  refresh_expires_in: number
}

/** How and when the user of a session authenticated, and the claims that its tokens carry besides. */
export interface TokenAuthentication extends StoredClaims {
  authenticated_at: Date
  /** Separated by spaces. */
  amr: string
}

interface IssueTokensInput {
  kind: SessionKind
  user: Pick<UserRow, 'guid' | 'role' | 'token_version'>
  /** Of a login; a pair's tokens carry nothing of it. */
  authentication: TokenAuthentication | null
  refreshToken: RefreshToken
  /** Whether the client has the refresh token already, with an attempt that stays good. */
  isKept?: boolean
  jti: string
  /** The address that the tokens are issued to. */
  ip: string
  sessionEndsAt: Date
  refreshTokenEndsAt: Date
  now: Date
}

/**
 * Signs the access token that is issued with a refresh token, and makes a new attempt. An access token never outlives its
 * session. @throws {HashPoolFull}
 */
export async function issueTokens(
  ctx: Pick<Context, 'tokens' | 'settings' | 'log' | 'random'>,
  input: IssueTokensInput,
): Promise<IssuedTokens> {
  const {
    kind,
    user,
    authentication,
    refreshToken,
    isKept = false,
    jti,
    ip,
    sessionEndsAt,
    refreshTokenEndsAt,
    now,
  } = input
  const issuedAt = secondsOf(now)
  const { encoded, sessionId, generation } = refreshToken
  const { bindsAccessToken: isBound, carriesClaims } = SESSION_KINDS[kind]
  const carried = carriesClaims ? authentication : null
  const expiresAt = Math.min(issuedAt + ctx.settings.accessTokenLifetimeSeconds, secondsOf(sessionEndsAt))
  const claims = {
    sub: user.guid,
    sid: sessionId,
    jti,
    role: user.role,
    ver: user.token_version,
    iat: issuedAt,
    exp: expiresAt,
    ...(isBound && { guid: user.guid, ip, gen: generation }),
    ...(carried && { auth_time: secondsOf(carried.authenticated_at), amr: carried.amr.split(' ') }),
  }
  const custom = carried ? tokenClaims(ctx, carried, sessionId) : {}
  const access_token = await ctx.tokens.access.sign(kind, claims, custom)
  return {
    attempt: isKept ? null : makeAttempt(ctx.tokens.refreshKeys, refreshToken, now, ctx.random),
    access_token,
    expires_in: expiresAt - issuedAt,
    refresh_token: encoded,
    refresh_expires_in: Math.max(0, Math.floor((refreshTokenEndsAt.getTime() - now.getTime()) / 1000)),
  }
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}
