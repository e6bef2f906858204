import { Type } from 'typebox'
import { logout as logoutRule } from '../auth/logout.ts'
import { endpoint } from './endpoint.ts'
import { EXAMPLE_REFRESH_TOKEN, MessageSchema } from './schemas.ts'

/** `POST /api/v1/auth/logout` */
export const logout = endpoint({
  about: {
    operationId: 'logout',
    tag: 'Authentication',
    summary: 'End a session',
    detail: 'Any token of the session does, also an expired or used one. Its access tokens are refused here at once.',
    refusals: ['invalid_refresh_token'],
    examples: { body: { refresh_token: EXAMPLE_REFRESH_TOKEN }, answer: { message: 'Logged out successfully' } },
  },
  body: Type.Object({ refresh_token: Type.String() }),
  responses: { 200: MessageSchema },
  async handle(ctx, request) {
    await logoutRule(ctx, { refreshToken: request.body.refresh_token, client: request.client })
    return { message: 'Logged out successfully' }
  },
})
