import { setSessionClaims as setSessionClaimsRule } from '../../auth/claims/set-session-claims.ts'
import { AuthError } from '../../auth/context/auth-error.ts'
import { isUuid } from '../../crypto/tokens/uuid.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { SESSION_VARIABLE } from '../view/examples.ts'
import { ClaimsAnswer, ClaimsBody, claimsErrors, EXAMPLE_CLAIMS, refusingClaims } from './claims-body.ts'

/** `PUT /api/v1/sessions/:sid/claims` */
export const setSessionClaims = endpoint({
  about: {
    operationId: 'setSessionClaims',
    tag: 'Claims',
    summary: 'Replace the claims of a login',
    success: 'The claims of the session',
    detail:
      "The next access token of this session has them; they count before the user's. Pairs have none: their session gets the 404 of an unknown one.",
    refusals: ['session_not_found'],
    errors: claimsErrors,
    examples: { params: { sid: SESSION_VARIABLE }, body: EXAMPLE_CLAIMS, answer: EXAMPLE_CLAIMS },
  },
  params: { sid: 'The id of the session: `sid` of its tokens.' },
  body: ClaimsBody,
  takesAnyKey: true,
  responses: { 200: ClaimsAnswer },
  async handle(ctx, request) {
    const { sid } = request.params
    if (!isUuid(sid)) throw new AuthError('session_not_found')
    const change = { sessionId: sid.toLowerCase(), claims: request.body.claims, origin: request.client }
    const claims = await refusingClaims(() => setSessionClaimsRule(ctx, change))
    if (!claims) throw new AuthError('session_not_found')
    return { claims }
  },
})
