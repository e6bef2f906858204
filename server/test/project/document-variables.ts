import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import type { TestServer } from '../support/server.ts'
import { decodeClaims, issuePair, logInNewUser, PASSWORD } from '../support/users.ts'

type Variables = Record<string, string>

interface Account {
  server: TestServer
  email: string
  bearer: string
}

/** Prepares the variables that a block of shell lines may name beside those of a login; the first that it names counts. */
const PREPARATIONS: readonly [variable: RegExp, prepare: (account: Account) => Promise<Variables>][] = [
  [/\$VERIFY_CODE/, askForVerification],
  [/\$RESET_TOKEN/, forgetPassword],
  [/\$UNDO_TOKEN/, changeEmail],
  [/\$CONFIRM_CODE/, askForChange],
  [/\$LOGIN_CODE/, beginLogin],
  [/\$NOT_ME_TOKEN/, changePassword],
]

/** Whether a block of shell lines names a code or a link out of a mail. */
export function namesMail(block: string): boolean {
  return PREPARATIONS.some(([variable]) => variable.test(block))
}

/** The values of the variables in a block of shell lines, for a new user who has signed in. */
export async function variablesOf(server: TestServer, block: string): Promise<Variables> {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const pair = await issuePair(server)
  const account = { server, email: user.email, bearer: access_token }
  const prepare = PREPARATIONS.find(([variable]) => variable.test(block))?.[1]
  return {
    USER_ID: String(user.id),
    SESSION_ID: String(decodeClaims(access_token)['sid']),
    ACCESS_TOKEN: access_token,
    REFRESH_TOKEN: refresh_token,
    PAIR_ACCESS_TOKEN: pair.access_token,
    PAIR_REFRESH_TOKEN: pair.refresh_token,
    ...(await prepare?.(account)),
  }
}

async function askForVerification({ server, email, bearer }: Account): Promise<Variables> {
  await server.post('/api/v1/users/email/verification', {}, { bearer })
  return { VERIFY_CODE: codeOf(await readMail(server, email, 'verify_email')) }
}

async function forgetPassword({ server, email }: Account): Promise<Variables> {
  await server.post('/api/v1/users/password/forgot', { email })
  return { RESET_TOKEN: linkOf(await readMail(server, email, 'reset_password')) }
}

async function askForChange({ server, email, bearer }: Account): Promise<Variables> {
  await server.post('/api/v1/users/email/change', { email: `new-${email}` }, { bearer })
  return {
    CONFIRM_CODE: codeOf(await readMail(server, `new-${email}`, 'confirm_email')),
    OLD_CODE: codeOf(await readMail(server, email, 'email_change_requested')),
  }
}

async function changeEmail(account: Account): Promise<Variables> {
  const { server, email, bearer } = account
  const { CONFIRM_CODE: code } = await askForChange(account)
  await server.post('/api/v1/users/email/confirm', { code }, { bearer })
  return { UNDO_TOKEN: linkOf(await readMail(server, email, 'email_changed')) }
}

async function beginLogin({ server, email }: Account): Promise<Variables> {
  const begun = await server.post('/api/v1/auth/login/email', { email })
  return { LOGIN_TOKEN: begun.body.login_token, LOGIN_CODE: codeOf(await readMail(server, email, 'login_code')) }
}

async function changePassword({ server, email, bearer }: Account): Promise<Variables> {
  const change = { current_password: PASSWORD, password: 'another horse battery' }
  await server.post('/api/v1/users/password', change, { bearer })
  return { NOT_ME_TOKEN: linkOf(await readMail(server, email, 'password_changed')) }
}
