import { canonicalEmail } from '../../text/email-address.ts'
import type { Context } from '../context/context.ts'
import { drawHolder } from '../one-time/new-token.ts'
import { PURPOSES } from '../one-time/purposes.ts'
import { validatePassword } from '../password/password-rules.ts'
import type { BegunLogin } from '../requested-mail/begin-login.ts'
import { requestMail } from '../requested-mail/request-mail.ts'
import type { RegisterInput } from './register.ts'
import { type ValidationErrors, validateName, withoutEmpty } from './user-fields.ts'

type RequestOutcome = ({ kind: 'begun' } & BegunLogin) | { kind: 'invalid'; errors: ValidationErrors }

/**
 * Begins a sign-up that a code by mail completes, for `HIDE_ACCOUNT_EXISTENCE`: there is no user until then, and the answer
 * and its work are the same for an address that has an account, whose owner gets another mail.
 *
 * @throws {HashPoolFull}
 */
export async function requestSignUp(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  { email: input, password, firstName, lastName, locale, client, inCookie }: RegisterInput & { inCookie: boolean },
): Promise<RequestOutcome> {
  const email = canonicalEmail(input)
  const errors = withoutEmpty({
    email: email === null ? [/^\s*$/.test(input) ? "can't be blank" : 'is invalid'] : [],
    password: await validatePassword(ctx.settings, password, { email: input, firstName, lastName }),
    first_name: validateName(firstName),
    last_name: validateName(lastName),
  })
  if (email === null || Object.keys(errors).length > 0) return { kind: 'invalid', errors }
  const { loginToken, holderDigest } = drawHolder(ctx)
  const data = {
    password_digest: await ctx.passwords.digest(password),
    first_name: firstName,
    last_name: lastName,
    carrier: inCookie ? 'cookie' : 'body',
  }
  const request = { purpose: 'sign_up', email, userId: null, locale, client, deviceDigest: null, holderDigest } as const
  await requestMail(ctx.db, ctx, { ...request, data }, ctx.now())
  return { kind: 'begun', loginToken, expiresInSeconds: PURPOSES.sign_up.lifeSeconds }
}
