import { hasSignedInRecently, requestEmailChange as requestRule } from '../../auth/email/request-email-change.ts'
import { emailChangeBudgets } from '../../auth/limit/budgets.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { Refusal, stepUpRequired } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { requireCurrentPassword } from '../guard/spend.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { MessageSchema } from '../view/tokens.ts'

const MESSAGE = 'A mail is on its way to the new address'
const MAX_LOGIN_AGE_SECONDS = 600

/** `POST /api/v1/users/email/change` */
export const requestEmailChange = endpoint({
  about: {
    operationId: 'requestEmailChange',
    tag: 'E-mail',
    summary: 'Ask for another address',
    success: 'The same whether or not the address is free',
    detail:
      'A login of at most ten minutes ago is proof enough; an older session sends the current password. The present address is told at once.',
    errors: [
      new InvalidBody({ email: ['is invalid'] }),
      new InvalidBody({ current_password: ['is wrong'] }),
      stepUpRequired(MAX_LOGIN_AGE_SECONDS),
      tooManyChanges(),
    ],
    examples: { body: { email: 'new@example.com', current_password: 'correct horse' }, answer: { message: MESSAGE } },
  },
  body: Type.Object({ email: Type.String(), current_password: Type.Optional(Type.String()) }),
  responses: { 202: MessageSchema },
  async handle(ctx, request, reply) {
    const caller = requireCaller(request)
    const { email, current_password: currentPassword } = request.body
    if (currentPassword !== undefined) await requireCurrentPassword(ctx, caller, currentPassword)
    else if (!hasSignedInRecently(ctx, caller)) throw stepUpRequired(MAX_LOGIN_AGE_SECONDS)
    await ctx.limiter.take(emailChangeBudgets(caller.userId))
    const input = { caller, email, locale: preferredLocale(request), client: request.client }
    const outcome = await requestRule(ctx, input)
    if (outcome.kind === 'invalid') throw new InvalidBody({ email: outcome.errors })
    if (outcome.kind === 'too_many_changes') throw tooManyChanges()
    return reply.code(202).send({ message: MESSAGE })
  },
})

function tooManyChanges(): Refusal {
  return new Refusal(429, 'too_many_changes', 'The address was changed three times today', { 'retry-after': '86400' })
}
