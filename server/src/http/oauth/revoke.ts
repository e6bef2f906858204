import { revoke as revokeRule } from '../../auth/token/revoke.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { splitCookieValue } from '../request/refresh-cookie.ts'
import { PAIR_VARIABLES } from '../view/examples.ts'
import { tokenInForm } from './token-in-form.ts'

/** `POST /oauth/revoke` (RFC 7009) */
export const revoke = endpoint({
  about: {
    operationId: 'revoke',
    tag: 'OAuth',
    summary: 'End the session of a token (RFC 7009)',
    success: 'The token is of no use, whatever it was; the body is empty',
    detail:
      'The token is its own credential: no client authenticates. Any refresh token of a session ends it, as at a logout; an access token ends it while it lives. An unknown or dead token is 200 and ends nothing. A `token_type_hint` is ignored. Repeat after a 503.',
    examples: { body: { token: PAIR_VARIABLES.refresh_token } },
  },
  ...tokenInForm(PAIR_VARIABLES.refresh_token),
  responses: { 200: Type.Null() },
  async handle(ctx, request, reply) {
    const { token } = request.body
    // The value of a cookie has an attempt after its one dot; a JWT has two dots.
    const isCookieValue = token.split('.').length === 2
    const presented = isCookieValue ? splitCookieValue(token).refreshToken : token
    await revokeRule(ctx, { token: presented, client: request.client })
    return reply.code(200).send()
  },
})
