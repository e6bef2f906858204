import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { AuthError } from '../../auth/context/auth-error.ts'
import type { IssuedTokens } from '../../auth/session/issued-tokens.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { Type } from '../endpoint/schema.ts'
import { sendAttempt } from '../request/attempt.ts'
import { REFRESH_COOKIE, readRefreshCookie } from '../request/refresh-cookie.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import type { DeliveredTokens } from '../view/tokens.ts'

export const RefreshTokenInBody = Type.Object({ refresh_token: Type.String() })
export const BodyOrCookie = Type.Partial(RefreshTokenInBody)

interface PresentedToken {
  refreshToken: string
  inCookie: boolean
  /** The text behind the token in the cookie. */
  cookieAttempt: string | null
}

/**
 * Reads the refresh token of a request from its body, or else from its cookie. Browsers send cookies without the user's
 * doing, so a cookie counts only in requests from pages that are allowed to send it.
 *
 * @throws {InvalidBody} if there is neither; in cookie mode {AuthError} `invalid_refresh_token`
 * @throws {Refusal} if the page is not allowed; the token is not used up
 */
export function presentedToken(
  ctx: Pick<HttpContext, 'edge'>,
  request: FastifyRequest,
  body: { refresh_token?: string },
): PresentedToken {
  if (body.refresh_token !== undefined)
    return { refreshToken: body.refresh_token, inCookie: false, cookieAttempt: null }
  const cookie = readRefreshCookie(request)
  // In cookie mode there is no such field, and clients act on 401 alone.
  if (cookie === undefined && ctx.edge.cookieMode) throw new AuthError('invalid_refresh_token')
  if (cookie === undefined) throw new InvalidBody({ refresh_token: ["can't be blank"] })
  refuseCrossSite(ctx, request)
  return { refreshToken: cookie.refreshToken, inCookie: true, cookieAttempt: cookie.attempt }
}

/**
 * Builds the response body with the tokens. With a cookie, the refresh token and its attempt go there and never into the
 * body. A token that is kept is not set again: a late response must not overwrite the successor that another tab received.
 */
export function sendTokens(
  ctx: Pick<HttpContext, 'edge'>,
  reply: FastifyReply,
  tokens: IssuedTokens,
  inCookie: boolean,
): Static<typeof DeliveredTokens> {
  const { refresh_token, attempt, refresh_expires_in: maxAge } = tokens
  if (!inCookie) {
    sendAttempt(reply, tokens)
    return { ...withoutRefreshToken(tokens), refresh_token }
  }
  if (attempt === null) return withoutRefreshToken(tokens)
  const value = ctx.edge.cookieAttempts ? `${refresh_token}.${attempt}` : refresh_token
  reply.header('set-cookie', refreshCookie(ctx, value, maxAge))
  return withoutRefreshToken(tokens)
}

/** Builds the body of an answer whose refresh token is in the cookie. */
function withoutRefreshToken({
  access_token,
  expires_in,
  refresh_expires_in,
}: IssuedTokens): Static<typeof DeliveredTokens> {
  return { access_token, token_type: 'Bearer', expires_in, refresh_expires_in }
}

/** Clears the cookie with the attributes it was set with: otherwise some browsers keep it. */
export function clearRefreshCookie(ctx: Pick<HttpContext, 'edge'>, reply: FastifyReply): void {
  reply.header('set-cookie', refreshCookie(ctx, '', 0))
}

function refreshCookie({ edge }: Pick<HttpContext, 'edge'>, value: string, maxAge: number): string {
  const attributes = { path: '/', secure: true, httpOnly: true, sameSite: edge.cookieSameSite }
  return stringifySetCookie({ name: REFRESH_COOKIE, value, maxAge, ...attributes })
}
