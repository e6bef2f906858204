import { Type } from 'typebox'
import { refreshPair as refreshPairRule } from '../auth/refresh-pair.ts'
import { endpoint } from './endpoint.ts'
import { idempotencyKeyOf } from './idempotency-key.ts'
import { TokensSchema } from './schemas.ts'

/** `POST /auth/refresh` */
export const refreshPair = endpoint({
  body: Type.Object({
    auth: Type.Object({
      access_token: Type.String({ pattern: '\\S' }),
      refresh_token: Type.String({ pattern: '\\S' }),
    }),
  }),
  responses: { 200: TokensSchema },
  handle: async (ctx, request) =>
    refreshPairRule(ctx, {
      accessToken: request.body.auth.access_token,
      refreshToken: request.body.auth.refresh_token,
      idempotencyKey: idempotencyKeyOf(request),
      client: request.client,
    }),
})
