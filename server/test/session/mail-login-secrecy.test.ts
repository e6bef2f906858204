import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { codeOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { me, PASSWORD, signUp } from '../support/users.ts'

const ORIGIN = 'https://app.example'
const server = await startServer({ EMAIL_LOGIN: 'on', CORS_ORIGINS: ORIGIN })
const BEGIN = '/api/v1/auth/login/email'
const VERIFY = '/api/v1/auth/login/verify'
const unknown = () => `${randomUUID()}@example.com`

/** Answers of one conversation, without what is drawn for it. */
async function compare(conversation: (email: string) => Promise<string[]>): Promise<void> {
  const { email } = await signUp(server)
  const [known, other] = [await conversation(email), await conversation(unknown())]
  assert.deepEqual(known, other)
}

const text = ({ status, text }: { status: number; text: string }) => `${status} ${text}`

test('a login in progress ends after fifteen minutes, whether or not its address has an account', async () => {
  await compare(async (email) => {
    const { login_token } = (await server.post(BEGIN, { email })).body
    await server.deliverMails()
    const answers = []
    for (const seconds of [0, 600, 301, 86_000]) {
      server.advanceClock({ seconds })
      answers.push(text(await server.post(VERIFY, { login_token, code: 'AAAA-AAAA' })))
    }
    assert.match(answers[1] ?? '', /"attempts_left":3/)
    assert.match(answers[2] ?? '', /login_expired/)
    return answers
  })
})

test('a login that began with a cookie is judged by its origin, whether or not its address has an account', async () => {
  await compare(async (email) => {
    const begun = await server.post(BEGIN, { email, cookie: true }, { headers: { origin: ORIGIN } })
    const { login_token } = begun.body
    await server.deliverMails()
    const verify = (origin: string) => server.post(VERIFY, { login_token, code: 'AAAA-AAAA' }, { headers: { origin } })
    const answers = [text(await verify('https://evil.example')), text(await verify(ORIGIN))]
    assert.match(answers[0] ?? '', /^403 /)
    assert.match(answers[1] ?? '', /"attempts_left":4/)
    return answers
  })
})

test('a device token that came in a cookie is in no body', async () => {
  const { email } = await signUp(server)
  const login = { email, password: PASSWORD, cookie: true }
  const cookie = (await server.post('/api/v1/auth/login', login)).headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .find((line) => line?.startsWith('__Host-tessera_device='))
  assert.ok(cookie)
  const { login_token } = (await server.post(BEGIN, { email })).body
  const code = codeOf(await readMail(server, email, 'login_code'))
  const answer = await server.post(VERIFY, { login_token, code }, { headers: { cookie } })
  assert.equal(answer.status, 200)
  assert.notEqual(`__Host-tessera_device=${answer.body.device_token}`, cookie)
})

test('in cookie mode, the refresh token of a hidden sign-up goes into a cookie', async () => {
  const hidden = await startServer({ HIDE_ACCOUNT_EXISTENCE: 'on', COOKIE_MODE: 'on' })
  const email = unknown()
  const begun = await hidden.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  const { login_token } = begun.body
  const code = codeOf(await readMail(hidden, email, 'sign_up_code'))
  const evil = await hidden.post(VERIFY, { login_token, code }, { headers: { origin: 'https://evil.example' } })
  assert.equal(evil.status, 403)
  const answer = await hidden.post(VERIFY, { login_token, code })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.refresh_token, undefined)
})

test('a cookie login by a code ends the session of the cookie that it replaces', async () => {
  const { email } = await signUp(server)
  const cookieOf = ({ headers }: { headers: Headers }) =>
    headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
  const first = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
  const { login_token } = (await server.post(BEGIN, { email, cookie: true })).body
  const code = codeOf(await readMail(server, email, 'login_code'))
  const answer = await server.post(VERIFY, { login_token, code }, { headers: { cookie: cookieOf(first) } })
  assert.equal(answer.status, 200)
  assert.equal((await me(server, first.body.access_token)).status, 401)
  assert.equal((await me(server, answer.body.access_token)).status, 200)
})

test('strangers use up their own mails, and not those of a device that the account knows', async () => {
  const limited = await startServer({ EMAIL_LOGIN: 'on', RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })
  const { email } = await signUp(limited)
  const login = await limited.post('/api/v1/auth/login', { email, password: PASSWORD })
  const { device_token } = login.body
  const asked = async (body: object, ip: string) => {
    const before = (await readMails(limited, email)).length
    assert.equal((await limited.post(BEGIN, body, { headers: { 'x-forwarded-for': ip } })).status, 202)
    return (await readMails(limited, email)).length - before
  }
  for (let n = 0; n < 3; n++) assert.equal(await asked({ email }, `203.0.113.${n}`), 1)
  assert.equal(await asked({ email }, '203.0.113.9'), 0)
  assert.equal(await asked({ email, device_token }, '198.51.100.1'), 1)
  const bearer = login.body.access_token
  const change = { current_password: PASSWORD, password: 'a quite different one' }
  assert.equal((await limited.post('/api/v1/users/password', change, { bearer })).status, 204)
  assert.ok((await readMails(limited, email)).some(({ kind }) => kind === 'password_changed'))
})
