import { Type } from 'typebox'
import { issuePair as issuePairRule } from '../auth/issue-pair.ts'
import { endpoint } from './endpoint.ts'
import { TokensSchema } from './schemas.ts'

/** `POST /auth/token` */
export const issuePair = endpoint({
  body: Type.Object({ auth: Type.Object({ user_guid: Type.String({ pattern: '\\S' }) }) }),
  responses: { 200: TokensSchema },
  handle: async (ctx, request) => issuePairRule(ctx, { userGuid: request.body.auth.user_guid, client: request.client }),
})
