import { Type } from 'typebox'
import { callerOf } from './bearer.ts'
import { endpoint } from './endpoint.ts'
import { UserSchema, userView } from './schemas.ts'

/** `GET /api/v1/auth/me` */
export const me = endpoint({
  responses: { 200: Type.Object({ user: UserSchema }) },
  handle: async (_ctx, request) => ({ user: userView(callerOf(request)) }),
})
