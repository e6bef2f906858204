import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { IssuedTokens } from '../../auth/session/issued-tokens.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import type { DeliveredTokens } from '../view/tokens.ts'

/** `__Host-`: set by this very host over TLS, for all its paths; no subdomain can plant one (RFC 6265bis, 4.1.3). */
const NAME = '__Host-tessera_refresh'
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

export const BodyOrCookie = Type.Object({
  refresh_token: Type.Optional(Type.String({ description: 'Absent where a cookie has it.' })),
})

export interface PresentedToken {
  refreshToken: string
  inCookie: boolean
}

/**
 * The refresh token of a request: the one in its body, else the one in its cookie. A cookie is sent by browsers without
 * their person's doing, so it counts only in requests of pages that may ask.
 *
 * @throws {InvalidBody} when there is neither
 * @throws {Refusal} when the page may not ask; nothing is used up
 */
export function presentedToken(
  ctx: Pick<HttpContext, 'edge'>,
  request: FastifyRequest,
  body: { refresh_token?: string },
): PresentedToken {
  if (body.refresh_token !== undefined) return { refreshToken: body.refresh_token, inCookie: false }
  const refreshToken = parseCookie(request.headers.cookie ?? '')[NAME]
  if (refreshToken === undefined) throw new InvalidBody({ refresh_token: ["can't be blank"] })
  refuseCrossSite(ctx, request)
  return { refreshToken, inCookie: true }
}

/** The body of an answer with tokens; with a cookie, the refresh token goes there and never into the body. */
export function sendTokens(
  { settings }: Pick<HttpContext, 'settings'>,
  reply: FastifyReply,
  tokens: IssuedTokens,
  inCookie: boolean,
): Static<typeof DeliveredTokens> {
  if (!inCookie) return tokens
  const { access_token, refresh_token: value } = tokens
  const cookie = { name: NAME, value, maxAge: settings.refreshTokenLifetimeSeconds, ...ATTRIBUTES }
  reply.header('set-cookie', stringifySetCookie(cookie))
  return { access_token }
}

/** With the attributes it was set with: else some browsers keep it. */
export function clearRefreshCookie(reply: FastifyReply): void {
  reply.header('set-cookie', stringifySetCookie({ name: NAME, value: '', maxAge: 0, ...ATTRIBUTES }))
}
