import { changeOwnPassword } from '../../auth/password/change-own-password.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { withPasswordBudget } from '../guard/spend.ts'

/** `POST /api/v1/users/password` */
export const changePassword = endpoint({
  about: {
    operationId: 'changePassword',
    tag: 'Password',
    summary: 'Change the password of the current user',
    success: 'Changed: all other sessions have ended, and a mail tells the user',
    detail: 'A wrong current password is a 422: a 401 would mean that the access token is no good.',
    errors: [new InvalidBody({ current_password: ['is wrong'] }), new InvalidBody({ password: ['is too common'] })],
    examples: { body: { current_password: 'correct horse', password: 'battery staple clip' } },
  },
  body: Type.Object({
    current_password: Type.String(),
    password: Type.String(),
    end: Type.Optional(
      Type.Enum(['others', 'all'], { type: 'string', description: '`all` ends the session of the request, too.' }),
    ),
  }),
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    const caller = requireCaller(request)
    const { current_password: currentPassword, password, end } = request.body
    const change = { caller, currentPassword, password, endsOwnSession: end === 'all', client: request.client }
    const outcome = await withPasswordBudget(ctx, caller, async () => {
      const outcome = await changeOwnPassword(ctx, change)
      return outcome.kind === 'wrong' ? null : outcome
    })
    if (outcome.kind === 'invalid') throw new InvalidBody({ password: outcome.errors })
    return reply.code(204).send()
  },
})
