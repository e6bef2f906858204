import { Type } from 'typebox'
import { login as loginRule } from '../auth/login.ts'
import { endpoint } from './endpoint.ts'
import { EXAMPLE_TOKENS, EXAMPLE_USER, UserSchema, userView } from './schemas.ts'

/** `POST /api/v1/auth/login` */
export const login = endpoint({
  about: {
    operationId: 'login',
    tag: 'Authentication',
    summary: 'Check a password and begin a session',
    refusals: ['invalid_credentials'],
    examples: {
      body: { email: 'admin@example.com', password: 'password123' },
      answer: { user: EXAMPLE_USER, ...EXAMPLE_TOKENS },
    },
  },
  body: Type.Object({ email: Type.String(), password: Type.String() }),
  responses: {
    200: Type.Object({ user: UserSchema, access_token: Type.String(), refresh_token: Type.String() }),
  },
  async handle(ctx, request) {
    const { email, password } = request.body
    const { user, ...tokens } = await loginRule(ctx, { email, password, client: request.client })
    return { user: userView(user), ...tokens }
  },
})
