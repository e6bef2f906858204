import { Type } from 'typebox'
import { register } from '../../auth/account/register.ts'
import type { Locale } from '../../text/locale.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { EXAMPLE_USER } from '../view/examples.ts'
import { UserSchema, userView } from '../view/user.ts'

const optionalName = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** `POST /api/v1/users/sign_up` */
export const signUp = endpoint({
  about: {
    operationId: 'signUp',
    tag: 'Registration',
    summary: 'Register a person',
    done: 'Registered',
    detail:
      'Keys beside these are ignored: nobody chooses their role. The language of mails follows `Accept-Language`.',
    examples: {
      body: { user: { email: 'user@example.com', password: 'correct horse', first_name: 'John', last_name: 'Doe' } },
      answer: { message: 'You have successfully registered', user: { ...EXAMPLE_USER, role: 'user' } },
    },
  },
  // Other keys are ignored and never honoured: nobody makes themselves an admin.
  body: Type.Object({
    user: Type.Object({
      email: Type.String(),
      password: Type.String(),
      first_name: optionalName,
      last_name: optionalName,
    }),
  }),
  responses: { 200: Type.Object({ message: Type.String(), user: UserSchema }) },
  async handle(ctx, request) {
    const { email, password, first_name: firstName = null, last_name: lastName = null } = request.body.user
    const locale = preferredLocale(request.headers['accept-language'])
    const outcome = await register(ctx, { email, password, firstName, lastName, locale, client: request.client })
    if (outcome.kind === 'invalid') throw new InvalidBody(outcome.errors)
    return { message: 'You have successfully registered', user: userView(outcome.user) }
  },
})

/** Mails are written in Russian or English; the browser says which the person reads first. */
function preferredLocale(acceptLanguage: string | undefined): Locale {
  return /^\s*ru\b/i.test(acceptLanguage ?? '') ? 'ru' : 'en'
}
