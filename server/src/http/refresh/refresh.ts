import { refresh as refreshRule } from '../../auth/refresh/refresh.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { readIdempotencyKey } from '../request/idempotency-key.ts'
import { EXAMPLE_TOKENS_BESIDE_COOKIE, EXAMPLE_TOKENS_IN_BODY, REFRESH_TOKEN_VARIABLE } from '../view/examples.ts'
import { DeliveredTokens, TokensBesideCookie, TokensInBody } from '../view/tokens.ts'
import { BodyOrCookie, presentedToken, RefreshTokenInBody, sendTokens } from './deliver-tokens.ts'

/** `POST /api/v1/auth/refresh` */
export const refresh = endpoint({
  about: {
    operationId: 'refresh',
    tag: 'Authentication',
    summary: 'Get a new access token and the successor of the refresh token',
    success: 'The new tokens',
    detail:
      'A client may keep its first refresh token and ignore successors. Once it has used a successor, each token works only once. Sending a used token ends the session, unless it is the last one used and is sent again within 30 seconds or with its `Idempotency-Key`. A token that is sent with its attempt within 30 seconds of being handed out is kept: the answer has the same one.',
    refusals: ['invalid_refresh_token', 'refresh_token_expired'],
    takesIdempotencyKey: true,
    handsOutAttempt: true,
    takesCookie: true,
    bodiesFor: (place) =>
      place === 'body'
        ? {
            request: RefreshTokenInBody,
            answer: TokensInBody,
            examples: { body: { refresh_token: REFRESH_TOKEN_VARIABLE }, answer: EXAMPLE_TOKENS_IN_BODY },
          }
        : { request: null, answer: TokensBesideCookie, examples: { answer: EXAMPLE_TOKENS_BESIDE_COOKIE } },
  },
  body: BodyOrCookie,
  mayOmitBody: true,
  responses: { 200: DeliveredTokens },
  async handle(ctx, request, reply) {
    const presented = presentedToken(ctx, request, request.body)
    const idempotencyKey = readIdempotencyKey(request)
    const tokens = await refreshRule(ctx, { ...presented, idempotencyKey, client: request.client })
    return sendTokens(ctx, reply, tokens, presented.inCookie)
  },
})
