import { Type } from 'typebox'
import { refresh as refreshRule } from '../auth/refresh.ts'
import { endpoint } from './endpoint.ts'
import { idempotencyKeyOf } from './idempotency-key.ts'
import { TokensSchema } from './schemas.ts'

/** `POST /api/v1/auth/refresh` */
export const refresh = endpoint({
  body: Type.Object({ refresh_token: Type.String() }),
  responses: { 200: TokensSchema },
  handle: async (ctx, request) =>
    refreshRule(ctx, {
      refreshToken: request.body.refresh_token,
      idempotencyKey: idempotencyKeyOf(request),
      client: request.client,
    }),
})
