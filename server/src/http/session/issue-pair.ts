import { issuePair as issuePairRule } from '../../auth/session/issue-pair.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { sendAttempt } from '../request/attempt.ts'
import { EXAMPLE_GUID, EXAMPLE_TOKENS } from '../view/examples.ts'
import { TokensSchema } from '../view/tokens.ts'

/** `POST /auth/token` */
export const issuePair = endpoint({
  about: {
    operationId: 'issuePair',
    tag: 'Token pairs',
    summary: 'Issue a pair for a GUID',
    success: 'The pair',
    detail: 'A GUID is not a credential: in production the client must be a service with a key.',
    refusals: ['user_not_found'],
    handsOutAttempt: true,
    examples: { body: { auth: { user_guid: EXAMPLE_GUID } }, answer: EXAMPLE_TOKENS },
  },
  body: Type.Object({ auth: Type.Object({ user_guid: Type.String({ pattern: '\\S' }) }) }),
  responses: { 200: TokensSchema },
  async handle(ctx, request, reply) {
    const tokens = await issuePairRule(ctx, { userGuid: request.body.auth.user_guid, client: request.client })
    sendAttempt(reply, tokens)
    return tokens
  },
})
