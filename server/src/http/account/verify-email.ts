import { verifyEmail as verifyEmailRule } from '../../auth/email/verify-email.ts'
import { invalidCode } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { withCodeBudget } from '../guard/spend.ts'
import { invalidLink, proofFields, readProof, requireDone } from '../request/mail-proof.ts'
import { EXAMPLE_USER } from '../view/examples.ts'
import { UserSchema, userView } from '../view/user.ts'

/** `POST /api/v1/users/email/verify` */
export const verifyEmail = endpoint({
  about: {
    operationId: 'verifyEmail',
    tag: 'E-mail',
    summary: 'Prove the address of the current user with the code or the link of a mail',
    success: 'Proven',
    errors: [invalidLink(), invalidCode(4)],
    examples: { body: { code: 'K7Q4-9XMB' }, answer: { user: EXAMPLE_USER } },
  },
  body: Type.Object(proofFields),
  responses: { 200: Type.Object({ user: UserSchema }) },
  async handle(ctx, request) {
    const caller = requireCaller(request)
    const proof = readProof(request.body)
    const outcome = await withCodeBudget(ctx, caller, () =>
      verifyEmailRule(ctx, { caller, proof, client: request.client }),
    )
    requireDone(outcome)
    return { user: userView(outcome.user) }
  },
})
