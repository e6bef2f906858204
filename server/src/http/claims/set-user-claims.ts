import { findUserByIdOrGuid } from '../../auth/account/find-user.ts'
import { setUserClaims as setUserClaimsRule } from '../../auth/claims/set-user-claims.ts'
import { AuthError } from '../../auth/context/auth-error.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { USER_GUID_VARIABLE } from '../view/examples.ts'
import { ClaimsAnswer, ClaimsBody, claimsErrors, EXAMPLE_CLAIMS, refusingClaims } from './claims-body.ts'

/** `PUT /api/v1/users/:guid/claims` */
export const setUserClaims = endpoint({
  about: {
    operationId: 'setUserClaims',
    tag: 'Claims',
    summary: 'Replace the claims of a user',
    success: 'The claims of the user',
    detail: 'The next access token of each of their logins has them.',
    refusals: ['user_not_found'],
    errors: claimsErrors,
    examples: { params: { guid: USER_GUID_VARIABLE }, body: EXAMPLE_CLAIMS, answer: EXAMPLE_CLAIMS },
  },
  params: { guid: 'The GUID or id of the user.' },
  body: ClaimsBody,
  takesAnyKey: true,
  responses: { 200: ClaimsAnswer },
  async handle(ctx, request) {
    const user = await findUserByIdOrGuid(ctx, request.params.guid)
    if (!user) throw new AuthError('user_not_found')
    const { claims } = request.body
    const change = { user, claims, origin: request.client }
    return { claims: (await refusingClaims(() => setUserClaimsRule(ctx, change))).claims }
  },
})
