import { refresh as refreshRule } from '../../auth/refresh/refresh.ts'
import { Refusal } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { sendAttempt } from '../request/attempt.ts'
import { readIdempotencyKey } from '../request/idempotency-key.ts'
import { EXAMPLE_TOKENS, REFRESH_TOKEN_VARIABLE } from '../view/examples.ts'

/** `POST /oauth/token`: the refresh of RFC 6749, 6, for clients that speak only that. The rules are those of every refresh. */
export const oauthToken = endpoint({
  about: {
    operationId: 'oauthToken',
    tag: 'OAuth',
    summary: 'Refresh a login session (RFC 6749)',
    success: 'The new tokens',
    detail:
      'There is no registry of clients: `client_id`, `client_secret` and a Basic header are taken and mean nothing. A token that is kept in a cookie does not refresh here.',
    refusals: ['invalid_refresh_token', 'refresh_token_expired'],
    takesIdempotencyKey: true,
    handsOutAttempt: true,
    examples: {
      body: { grant_type: 'refresh_token', refresh_token: REFRESH_TOKEN_VARIABLE },
      answer: { ...EXAMPLE_TOKENS, token_type: 'Bearer', expires_in: 900 },
    },
  },
  bodyType: 'form',
  body: Type.Object({
    // Postman takes the example of a form from its fields.
    grant_type: Type.Optional(Type.String({ description: '`refresh_token`', example: 'refresh_token' })),
    refresh_token: Type.Optional(Type.String({ example: REFRESH_TOKEN_VARIABLE })),
  }),
  responses: {
    200: Type.Object({
      access_token: Type.String({ description: 'A JWT.' }),
      token_type: Type.Literal('Bearer'),
      expires_in: Type.Integer({ format: 'int32', description: 'Seconds until the access token expires.' }),
      refresh_token: Type.String(),
    }),
  },
  async handle(ctx, request, reply) {
    const { grant_type, refresh_token } = request.body
    if (!grant_type) throw new Refusal(400, 'invalid_request', 'grant_type is missing')
    if (grant_type !== 'refresh_token')
      throw new Refusal(400, 'unsupported_grant_type', 'The only grant_type is refresh_token')
    if (!refresh_token) throw new Refusal(400, 'invalid_request', 'refresh_token is missing')
    const presented = { refreshToken: refresh_token, inCookie: false, cookieAttempt: null }
    const idempotencyKey = readIdempotencyKey(request)
    const tokens = await refreshRule(ctx, { ...presented, idempotencyKey, client: request.client })
    sendAttempt(reply, tokens)
    reply.header('pragma', 'no-cache') // RFC 6749, 5.1
    return { ...tokens, token_type: 'Bearer' }
  },
})
