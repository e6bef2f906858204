import { Type } from 'typebox'
import { login as loginRule } from '../auth/login.ts'
import { endpoint } from './endpoint.ts'
import { UserSchema, userView } from './schemas.ts'

/** `POST /api/v1/auth/login` */
export const login = endpoint({
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
