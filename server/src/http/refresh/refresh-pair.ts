import { refreshPair as refreshPairRule } from '../../auth/refresh/refresh-pair.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { sendAttempt } from '../request/attempt.ts'
import { readIdempotencyKey } from '../request/idempotency-key.ts'
import { EXAMPLE_TOKENS, PAIR_VARIABLES } from '../view/examples.ts'
import { TokensSchema } from '../view/tokens.ts'

/** `POST /auth/refresh` */
export const refreshPair = endpoint({
  about: {
    operationId: 'refreshPair',
    tag: 'Token pairs',
    summary: 'Exchange both tokens of a pair for a new pair',
    success: 'A new pair; the old one is used up',
    detail:
      'The access token may have expired. Both old tokens are used up: without an `Idempotency-Key`, sending them again counts as reuse and ends the session.',
    refusals: ['invalid_access_token', 'invalid_refresh_token', 'refresh_token_used', 'refresh_token_expired'],
    takesIdempotencyKey: true,
    handsOutAttempt: true,
    examples: { body: { auth: PAIR_VARIABLES }, answer: EXAMPLE_TOKENS },
  },
  body: Type.Object({
    auth: Type.Object({
      access_token: Type.String({ pattern: '\\S' }),
      refresh_token: Type.String({ pattern: '\\S' }),
    }),
  }),
  responses: { 200: TokensSchema },
  async handle(ctx, request, reply) {
    const tokens = await refreshPairRule(ctx, {
      accessToken: request.body.auth.access_token,
      refreshToken: request.body.auth.refresh_token,
      idempotencyKey: readIdempotencyKey(request),
      client: request.client,
    })
    sendAttempt(reply, tokens)
    return tokens
  },
})
