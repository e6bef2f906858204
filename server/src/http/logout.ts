import { Type } from 'typebox'
import { logout as logoutRule } from '../auth/logout.ts'
import { endpoint } from './endpoint.ts'
import { MessageSchema } from './schemas.ts'

/** `POST /api/v1/auth/logout` */
export const logout = endpoint({
  body: Type.Object({ refresh_token: Type.String() }),
  responses: { 200: MessageSchema },
  async handle(ctx, request) {
    await logoutRule(ctx, { refreshToken: request.body.refresh_token, client: request.client })
    return { message: 'Logged out successfully' }
  },
})
