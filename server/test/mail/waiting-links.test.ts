import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MailServer, startMailServer } from '../../../harness/mail-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, signUp } from '../support/users.ts'

const SETTINGS = { MAIL_FROM: 'Acme <no-reply@acme.example>', PUBLIC_URL: 'https://id.acme.example', EMAIL_LOGIN: 'on' }
const FORGOT = '/api/v1/users/password/forgot'
const RESET = '/api/v1/users/password/reset'
const MINUTE = 60
const HOUR = 3600

async function startBoth(): Promise<{ mailServer: MailServer; server: TestServer }> {
  const mailServer = await startMailServer()
  return { mailServer, server: await startServer({ ...SETTINGS, SMTP_URL: mailServer.url }) }
}

/** Text of the newest mail, its lines joined as they were before they were broken for the way. */
const newest = ({ inbox }: MailServer): string => inbox.at(-1)?.text ?? ''
const link = (mailServer: MailServer): string => /#token=([\w-]{54})\b/.exec(newest(mailServer))?.[1] ?? ''

test('the life of a link begins when the mail server takes the mail, and the mail says how long it is', async () => {
  const { mailServer, server } = await startBoth()
  const { email } = await signUp(server)
  mailServer.mode = 'refuse'
  assert.equal((await server.post(FORGOT, { email })).status, 202)
  await server.deliverMails()
  assert.equal(mailServer.inbox.length, 0)
  server.advanceClock({ seconds: 10 * HOUR })
  mailServer.mode = 'open'
  await server.deliverMails()
  const end = new Date(server.ctx.now().getTime() + 30 * MINUTE * 1000)
  const hour = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' }).format(end)
  assert.match(newest(mailServer), new RegExp(`It works once, until .*${hour}`))
  server.advanceClock({ seconds: 29 * MINUTE })
  const password = 'a quite different one'
  assert.equal((await server.post(RESET, { token: link(mailServer), password })).status, 204)
})

test('a link ends thirty minutes after its mail was taken', async () => {
  const { mailServer, server } = await startBoth()
  const { email } = await signUp(server)
  await server.post(FORGOT, { email })
  await server.deliverMails()
  server.advanceClock({ seconds: 31 * MINUTE })
  const late = await server.post(RESET, { token: link(mailServer), password: 'a quite different one' })
  assert.equal(late.status, 422)
})

test('a mail that could not leave for a day is dropped, and so is one whose link is used or ended', async () => {
  const { mailServer, server } = await startBoth()
  const [ann, ben] = [await signUp(server), await signUp(server)]
  mailServer.mode = 'refuse'
  await server.post(FORGOT, { email: ann.email })
  await server.deliverMails()
  server.advanceClock({ seconds: 23 * HOUR })
  await server.post(FORGOT, { email: ben.email })
  await server.deliverMails()
  const { access_token: bearer } = await logIn(server, ben.email)
  const change = { current_password: 'correct horse battery', password: 'a quite different one' }
  assert.equal((await server.post('/api/v1/users/password', change, { bearer })).status, 204)
  server.advanceClock({ seconds: 2 * HOUR })
  mailServer.mode = 'open'
  await server.deliverMails()
  assert.deepEqual(
    mailServer.inbox.map(({ subject }) => subject),
    ['Your Acme password was changed'],
  )
})

test('without a mail server the endpoints answer, and each mail leaves when it is back, notices first', async () => {
  const { mailServer, server } = await startBoth()
  const { access_token: bearer, user } = await logInNewUser(server)
  mailServer.mode = 'hang'
  const asked = [
    await server.post(FORGOT, { email: user.email }),
    await server.post('/api/v1/auth/login/email', { email: user.email }),
    await server.post('/api/v1/users/email/verification', {}, { bearer }),
    await server.post('/api/v1/users/email/change', { email: 'new@example.com' }, { bearer }),
  ]
  assert.deepEqual([...new Set(asked.map(({ status }) => status))], [202])
  mailServer.mode = 'open'
  server.advanceClock({ seconds: HOUR })
  await server.deliverMails()
  server.advanceClock({ seconds: HOUR })
  await server.deliverMails()
  const subjects = mailServer.inbox.map(({ subject }) => subject)
  assert.equal(subjects.length, 5)
  assert.ok(subjects.includes('A new e-mail address for Acme'))
})
