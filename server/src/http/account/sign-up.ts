import type { FastifyReply } from 'fastify'
import { register } from '../../auth/account/register.ts'
import { requestSignUp } from '../../auth/account/request-sign-up.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { EXAMPLE_LOGIN_TOKEN, EXAMPLE_USER } from '../view/examples.ts'
import { BegunLoginSchema } from '../view/tokens.ts'
import { UserSchema, userView } from '../view/user.ts'

const optionalName = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** With `HIDE_ACCOUNT_EXISTENCE`. */
const MESSAGE = 'A mail with a code is on its way'

/** `POST /api/v1/users/sign_up` */
export const signUp = endpoint({
  about: {
    operationId: 'signUp',
    tag: 'Registration',
    summary: 'Sign up a user',
    success: 'Signed up',
    detail:
      'Other keys are ignored, so that users cannot choose their own role. `Accept-Language` chooses the language of mails.',
    examples: {
      body: { user: { email: 'user@example.com', password: 'correct horse', first_name: 'John', last_name: 'Doe' } },
      answer: { message: 'You have successfully registered', user: { ...EXAMPLE_USER, role: 'user' } },
      accepted: { message: MESSAGE, login_token: EXAMPLE_LOGIN_TOKEN, expires_in: 86_400 },
    },
  },
  // Other keys are ignored: users must not be able to make themselves admins.
  body: Type.Object({
    user: Type.Object({
      email: Type.String(),
      password: Type.String(),
      first_name: optionalName,
      last_name: optionalName,
    }),
  }),
  responses: {
    200: Type.Object({ message: Type.String(), user: UserSchema }),
    202: BegunLoginSchema,
  },
  async handle(ctx, request, reply) {
    const { email, password, first_name: firstName = null, last_name: lastName = null } = request.body.user
    const locale = preferredLocale(request)
    const input = { email, password, firstName, lastName, locale, client: request.client }
    if (ctx.settings.hideAccountExistence)
      return begin(await requestSignUp(ctx, { ...input, inCookie: ctx.edge.cookieMode }), reply)
    const outcome = await register(ctx, input)
    if (outcome.kind === 'invalid') throw new InvalidBody(outcome.errors)
    return { message: 'You have successfully registered', user: userView(outcome.user) }
  },
})

/** Answers a sign-up alike, whether or not the address has an account. */
function begin(outcome: Awaited<ReturnType<typeof requestSignUp>>, reply: FastifyReply): FastifyReply {
  if (outcome.kind === 'invalid') throw new InvalidBody(outcome.errors)
  return reply
    .code(202)
    .send({ message: MESSAGE, login_token: outcome.loginToken, expires_in: outcome.expiresInSeconds })
}
