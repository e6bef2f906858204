import { logout as logoutRule } from '../../auth/session/logout.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { BodyOrCookie, clearRefreshCookie, presentedToken } from '../refresh/deliver-tokens.ts'
import { EXAMPLE_REFRESH_TOKEN } from '../view/examples.ts'
import { MessageSchema } from '../view/tokens.ts'

/** `POST /api/v1/auth/logout` */
export const logout = endpoint({
  about: {
    operationId: 'logout',
    tag: 'Authentication',
    summary: 'End a session',
    success: 'The session has ended',
    detail:
      'Any refresh token of the session works, even an expired or used one. Tessera rejects its access tokens immediately.',
    refusals: ['invalid_refresh_token'],
    takesCookie: true,
    examples: { body: { refresh_token: EXAMPLE_REFRESH_TOKEN }, answer: { message: 'Logged out successfully' } },
  },
  body: BodyOrCookie,
  mayOmitBody: true,
  responses: { 200: MessageSchema },
  async handle(ctx, request, reply) {
    const { refreshToken, inCookie } = presentedToken(ctx, request, request.body)
    // The cookie is cleared even if the logout fails: a user who logs out wants it gone.
    if (inCookie) clearRefreshCookie(reply)
    await logoutRule(ctx, { refreshToken, client: request.client })
    return { message: 'Logged out successfully' }
  },
})
