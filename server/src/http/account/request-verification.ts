import { requestVerification as requestVerificationRule } from '../../auth/email/verify-email.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { requireCaller } from '../guard/bearer.ts'
import { mayRequestMail } from '../guard/spend.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { MessageSchema } from '../view/tokens.ts'

const MESSAGE = 'If the address is not confirmed yet, a mail is on its way'

/** `POST /api/v1/users/email/verification` */
export const requestVerification = endpoint({
  about: {
    operationId: 'requestVerification',
    tag: 'E-mail',
    summary: 'Mail a code and a link that prove the address of the current user',
    success: 'The same whether or not the address is proven',
    examples: { answer: { message: MESSAGE } },
  },
  responses: { 202: MessageSchema },
  async handle(ctx, request, reply) {
    const caller = requireCaller(request)
    const { client } = request
    if (await mayRequestMail(ctx, client.ip))
      await requestVerificationRule(ctx, { caller, locale: preferredLocale(request), client })
    return reply.code(202).send({ message: MESSAGE })
  },
})
