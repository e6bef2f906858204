import { randomUUID } from 'node:crypto'
import { freePort } from '../../../harness/free-port.ts'
import { linkOf, type ReadMail, readMail } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { issuePair, logIn, PASSWORD, refreshPair, type Tokens, type User } from '../support/users.ts'

const OTHER_NETWORK = {
  'x-forwarded-for': '198.51.100.7',
  'user-agent': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0',
}

/** Starts a server that mails links to itself. */
export async function startSite(settings: Record<string, string> = {}): Promise<TestServer> {
  const port = String(await freePort())
  const names = { MAIL_FROM: 'Acme <a@acme.example>', APP_URL: 'https://app.acme.example' }
  return startServer({
    PORT: port,
    PUBLIC_URL: `http://localhost:${port}`,
    EMAIL_LOGIN: 'on',
    TRUSTED_PROXIES: '127.0.0.1',
    ...names,
    ...settings,
  })
}

/** The link to this server in a mail. */
export function linkIn({ text }: ReadMail): string {
  return /http:\/\/localhost\S+/.exec(text)?.[0] ?? ''
}

/** A new user who reads a language, and a session. */
export interface Reader extends Tokens {
  user: User
}

export async function signUpReader(server: TestServer, language = 'en'): Promise<Reader> {
  const user = { email: `${randomUUID()}@example.com`, password: PASSWORD }
  const headers = { 'accept-language': language }
  const answer = await server.post('/api/v1/users/sign_up', { user }, { headers })
  return { user: answer.body.user, ...(await logIn(server, user.email)) }
}

export async function askForReset(server: TestServer, { user }: Reader): Promise<ReadMail> {
  await server.post('/api/v1/users/password/forgot', { email: user.email })
  return readMail(server, user.email, 'reset_password')
}

export async function askForProof(server: TestServer, { user, access_token: bearer }: Reader): Promise<ReadMail> {
  await server.post('/api/v1/users/email/verification', {}, { bearer })
  return readMail(server, user.email, 'verify_email')
}

/** Asks for a new address, and returns the mail to it. */
export async function askForChange(server: TestServer, { access_token: bearer }: Reader): Promise<ReadMail> {
  const email = `${randomUUID()}@example.com`
  await server.post('/api/v1/users/email/change', { email }, { bearer })
  return readMail(server, email, 'confirm_email')
}

/** Changes the address, and returns the mail to the old one. */
export async function changeAddress(server: TestServer, reader: Reader): Promise<ReadMail> {
  const token = linkOf(await askForChange(server, reader))
  await server.post('/api/v1/users/email/confirm', { token }, { bearer: reader.access_token })
  return readMail(server, reader.user.email, 'email_changed')
}

/** Signs in on another device, and returns the alert. */
export async function signInElsewhere(server: TestServer, { user }: Reader): Promise<ReadMail> {
  await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD }, { headers: OTHER_NETWORK })
  return readMail(server, user.email, 'new_login')
}

/** Makes a mail of every kind, all to users of one language, each link still good. */
export async function makeEveryMail(server: TestServer, language = 'en'): Promise<void> {
  const newReader = () => signUpReader(server, language)
  const hiding = await startServer({ HIDE_ACCOUNT_EXISTENCE: 'on', DATABASE_URL: server.databaseUrl })
  const stranger = { user: { email: `${randomUUID()}@example.com`, password: PASSWORD } }
  await hiding.post('/api/v1/users/sign_up', stranger, { headers: { 'accept-language': language } })
  await signInElsewhere(server, await newReader())
  await askForReset(server, await newReader())
  await askForProof(server, await newReader())
  await askForChange(server, await newReader())
  await changeAddress(server, await newReader())
  const token = linkOf(await changeAddress(server, await newReader()))
  await server.post('/api/v1/users/email/undo', { token })
  const changer = await newReader()
  const passwords = { current_password: PASSWORD, password: 'a quite different one' }
  await server.post('/api/v1/users/password', passwords, { bearer: changer.access_token })
  const { user: owner } = await newReader()
  await server.post('/api/v1/users/email/change', { email: owner.email }, { bearer: (await newReader()).access_token })
  await server.post('/api/v1/auth/login/email', { email: (await newReader()).user.email })
  const mover = await issuePair(server, (await newReader()).user.guid)
  const moved = await refreshPair(server, mover, undefined, OTHER_NETWORK)
  await refreshPair(server, moved.body)
  await refreshPair(server, mover)
  await server.deliverMails()
}
