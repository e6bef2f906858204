import { resetPassword as resetPasswordRule } from '../../auth/password/reset-password.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { invalidLink } from '../request/mail-proof.ts'

/** `POST /api/v1/users/password/reset` */
export const resetPassword = endpoint({
  about: {
    operationId: 'resetPassword',
    tag: 'Password',
    summary: 'Set a new password by the link of a mail',
    success: 'Set: all sessions have ended, and the address counts as proven',
    detail: 'It does not sign in. A password that is refused does not use the link up.',
    errors: [invalidLink(), new InvalidBody({ password: ['is too common'] })],
    examples: {
      body: { token: 'EjRWeBI0VngSNFZ4EjRWeAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA', password: 'battery staple clip' },
    },
  },
  body: Type.Object({ token: Type.String(), password: Type.String() }),
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    const { token: link, password } = request.body
    const outcome = await resetPasswordRule(ctx, { link, password, client: request.client })
    if (outcome.kind === 'invalid_link') throw invalidLink()
    if (outcome.kind === 'invalid_password') throw new InvalidBody({ password: outcome.errors })
    return reply.code(204).send()
  },
})
