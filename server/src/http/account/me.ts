import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { EXAMPLE_USER } from '../view/examples.ts'
import { UserSchema, userView } from '../view/user.ts'

/** `GET /api/v1/auth/me` */
export const me = endpoint({
  about: {
    operationId: 'me',
    tag: 'Authentication',
    summary: 'Get the current user',
    success: 'The user of the access token',
    examples: { answer: { user: EXAMPLE_USER } },
  },
  responses: { 200: Type.Object({ user: UserSchema }) },
  handle: async (_ctx, request) => ({ user: userView(requireCaller(request).profile) }),
})
