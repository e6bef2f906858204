import { confirmEmailChange as confirmRule } from '../../auth/email/confirm-email-change.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { invalidCode } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { withCodeBudget } from '../guard/spend.ts'
import { invalidLink, proofFields, readProof, requireDone } from '../request/mail-proof.ts'
import { EXAMPLE_USER } from '../view/examples.ts'
import { UserSchema, userView } from '../view/user.ts'

/** `POST /api/v1/users/email/confirm` */
export const confirmEmailChange = endpoint({
  about: {
    operationId: 'confirmEmailChange',
    tag: 'E-mail',
    summary: 'Prove the new address with the code or the link of the mail to it',
    success: 'Changed: the old address is told, and can undo it for seven days',
    errors: [invalidLink(), invalidCode(4), taken(), invalidOldCode()],
    examples: { body: { code: 'K7Q4-9XMB' }, answer: { user: { ...EXAMPLE_USER, email: 'new@example.com' } } },
  },
  body: Type.Object({
    ...proofFields,
    old_code: Type.Optional(
      Type.String({ description: 'The code of the mail to the old address: with it, the change is final at once.' }),
    ),
  }),
  responses: { 200: Type.Object({ user: UserSchema }) },
  async handle(ctx, request) {
    const caller = requireCaller(request)
    const proof = readProof(request.body)
    const confirmation = { caller, proof, oldCode: request.body.old_code ?? null, client: request.client }
    const outcome = await withCodeBudget(ctx, caller, () => confirmRule(ctx, confirmation))
    if (outcome.kind === 'taken') throw taken()
    if (outcome.kind === 'invalid_old_code') throw invalidOldCode()
    requireDone(outcome)
    return { user: userView(outcome.user) }
  },
})

function taken(): InvalidBody {
  return new InvalidBody({ email: ['has already been taken'] })
}

function invalidOldCode(): InvalidBody {
  return new InvalidBody({ old_code: ['is invalid or has expired'] })
}
