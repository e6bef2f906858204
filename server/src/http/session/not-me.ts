import { disown } from '../../auth/recovery/disown.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { MessageSchema } from '../view/tokens.ts'

const MESSAGE = 'If the link is good, the account is safe now, and a mail sets a new password'

/** `POST /api/v1/auth/not_me` */
export const notMe = endpoint({
  about: {
    operationId: 'notMe',
    tag: 'Sessions',
    summary: 'Disown what a mail tells of, by the link in it',
    success: 'The same for every link; the first use does everything',
    examples: {
      body: { token: 'EjRWeBI0VngSNFZ4EjRWeAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA' },
      answer: { message: MESSAGE },
    },
  },
  body: Type.Object({ token: Type.String() }),
  responses: { 202: MessageSchema },
  async handle(ctx, request, reply) {
    await disown(ctx, { link: request.body.token, client: request.client })
    return reply.code(202).send({ message: MESSAGE })
  },
})
