import { undoEmailChange as undoRule } from '../../auth/recovery/undo-email-change.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { invalidLink } from '../request/mail-proof.ts'

/** `POST /api/v1/users/email/undo` */
export const undoEmailChange = endpoint({
  about: {
    operationId: 'undoEmailChange',
    tag: 'E-mail',
    summary: 'Take an account back to the address that it had, by the link of the mail there',
    success: 'Undone: all sessions have ended, the password is invalid, and a mail sets a new one',
    errors: [invalidLink()],
    examples: { body: { token: 'EjRWeBI0VngSNFZ4EjRWeAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA' } },
  },
  body: Type.Object({ token: Type.String() }),
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    const undone = await undoRule(ctx, { link: request.body.token, client: request.client })
    if (!undone) throw invalidLink()
    return reply.code(204).send()
  },
})
