import { logout as logoutRule } from '../../auth/session/logout.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { BodyOrCookie, clearRefreshCookie, presentedToken } from '../refresh/refresh-cookie.ts'
import { EXAMPLE_REFRESH_TOKEN } from '../view/examples.ts'
import { MessageSchema } from '../view/tokens.ts'

/** `POST /api/v1/auth/logout` */
export const logout = endpoint({
  about: {
    operationId: 'logout',
    tag: 'Authentication',
    summary: 'End a session',
    done: 'Ended',
    detail: 'Any token of the session does, also an expired or used one. Its access tokens are refused here at once.',
    refusals: ['invalid_refresh_token'],
    takesCookie: true,
    examples: { body: { refresh_token: EXAMPLE_REFRESH_TOKEN }, answer: { message: 'Logged out successfully' } },
  },
  body: BodyOrCookie,
  responses: { 200: MessageSchema },
  async handle(ctx, request, reply) {
    const { refreshToken, inCookie } = presentedToken(ctx, request, request.body)
    // Whatever becomes of it: who logs out wants to be rid of it.
    if (inCookie) clearRefreshCookie(reply)
    await logoutRule(ctx, { refreshToken, client: request.client })
    return { message: 'Logged out successfully' }
  },
})
