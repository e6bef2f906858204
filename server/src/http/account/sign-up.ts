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
    summary: 'Sign up a user',
    success: 'Signed up',
    detail:
      'Other keys are ignored, so that users cannot choose their own role. `Accept-Language` chooses the language of mails.',
    examples: {
      body: { user: { email: 'user@example.com', password: 'correct horse', first_name: 'John', last_name: 'Doe' } },
      answer: { message: 'You have successfully registered', user: { ...EXAMPLE_USER, role: 'user' } },
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
  responses: { 200: Type.Object({ message: Type.String(), user: UserSchema }) },
  async handle(ctx, request) {
    const { email, password, first_name: firstName = null, last_name: lastName = null } = request.body.user
    const locale = preferredLocale(request.headers['accept-language'])
    const outcome = await register(ctx, { email, password, firstName, lastName, locale, client: request.client })
    if (outcome.kind === 'invalid') throw new InvalidBody(outcome.errors)
    return { message: 'You have successfully registered', user: userView(outcome.user) }
  },
})

/** Returns the language for the user's mails: Russian if it is the browser's first language, else English. */
function preferredLocale(acceptLanguage: string | undefined): Locale {
  return /^\s*ru\b/i.test(acceptLanguage ?? '') ? 'ru' : 'en'
}
