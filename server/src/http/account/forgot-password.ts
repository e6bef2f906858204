import { requestMail } from '../../auth/requested-mail/request-mail.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { mayRequestMail } from '../guard/spend.ts'
import { presentedDevice } from '../request/device-token.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { MessageSchema } from '../view/tokens.ts'

const MESSAGE = 'If the address has an account, a mail is on its way'

/** `POST /api/v1/users/password/forgot` */
export const forgotPassword = endpoint({
  about: {
    operationId: 'forgotPassword',
    tag: 'Password',
    summary: 'Mail a link that sets a new password',
    success: 'The same for every address, in bytes and in time',
    examples: { body: { email: 'user@example.com' }, answer: { message: MESSAGE } },
  },
  body: Type.Object({
    email: Type.String(),
    device_token: Type.Optional(
      Type.String({
        description: 'From an earlier login of this device: mails that strangers ask for do not stop it.',
      }),
    ),
  }),
  responses: { 202: MessageSchema },
  async handle(ctx, request, reply) {
    const email = canonicalEmail(request.body.email)
    if (email !== null && (await mayRequestMail(ctx, request.client.ip))) {
      const deviceDigest = presentedDevice(ctx, request)?.digest ?? null
      const asked = { purpose: 'reset_password', email, userId: null, deviceDigest, client: request.client } as const
      await requestMail(ctx.db, ctx, { ...asked, locale: preferredLocale(request) }, ctx.now())
    }
    return reply.code(202).send({ message: MESSAGE })
  },
})
