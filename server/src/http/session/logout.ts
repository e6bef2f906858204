import { LOGOUT_SCOPES, logout as logoutRule } from '../../auth/session/logout.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { BodyOrCookie, clearRefreshCookie, presentedToken, RefreshTokenInBody } from '../refresh/deliver-tokens.ts'
import { splitCookieValue } from '../request/refresh-cookie.ts'
import { REFRESH_TOKEN_VARIABLE } from '../view/examples.ts'
import { MessageSchema } from '../view/tokens.ts'

const scope = Type.Optional(
  Type.Enum([...LOGOUT_SCOPES], {
    type: 'string',
    description: 'The sessions to end: this one, which is the default, all others of the user, or all.',
  }),
)

/** `POST /api/v1/auth/logout` */
export const logout = endpoint({
  about: {
    operationId: 'logout',
    tag: 'Authentication',
    summary: 'End a session',
    success: 'The session has ended',
    detail:
      'Any refresh token of the session works, even an expired or used one; other sessions end only with one that is not long used. Tessera rejects their access tokens immediately.',
    refusals: ['invalid_refresh_token'],
    takesCookie: true,
    bodiesFor: (place) => ({
      request: place === 'body' ? Type.Object({ ...RefreshTokenInBody.properties, scope }) : Type.Object({ scope }),
      answer: MessageSchema,
      examples: {
        body: place === 'body' ? { refresh_token: REFRESH_TOKEN_VARIABLE } : {},
        answer: { message: 'Logged out successfully' },
      },
    }),
  },
  body: Type.Object({ ...BodyOrCookie.properties, scope }),
  mayOmitBody: true,
  responses: { 200: MessageSchema },
  async handle(ctx, request, reply) {
    const { refreshToken: presented, inCookie } = presentedToken(ctx, request, request.body)
    // A logout takes the token of a cookie in the body, too, and so the cookie's whole value.
    const { refreshToken } = splitCookieValue(presented)
    const { scope = 'session' } = request.body
    // The cookie is cleared even if the logout fails: a user who logs out wants it gone.
    if (inCookie && scope !== 'others') clearRefreshCookie(ctx, reply)
    const ended = await logoutRule(ctx, { refreshToken, scope, client: request.client })
    if (inCookie && scope === 'others' && ended) clearRefreshCookie(ctx, reply)
    return { message: 'Logged out successfully' }
  },
})
