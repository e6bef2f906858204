import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { codeOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { decodeClaims, logIn, logInNewUser, me, PASSWORD, signUp } from '../support/users.ts'

const server = await startServer({ EMAIL_LOGIN: 'on' })
const BEGIN = '/api/v1/auth/login/email'
const VERIFY = '/api/v1/auth/login/verify'

const begin = (email: string, on: TestServer = server) => on.post(BEGIN, { email })

test('a code by mail signs in, together with the token of the client that began', async () => {
  const { email } = await signUp(server)
  const begun = await begin(email)
  assert.equal(begun.status, 202)
  assert.equal(begun.body.expires_in, 900)
  const { login_token } = begun.body
  const code = codeOf(await readMail(server, email, 'login_code'))
  const other = (await begin(email)).body.login_token
  const foreign = await server.post(VERIFY, { login_token: other, code })
  assert.equal(foreign.status, 422)
  const answer = await server.post(VERIFY, { login_token, code })
  assert.equal(answer.status, 200, answer.text)
  assert.equal((await me(server, answer.body.access_token)).status, 200)
  assert.ok(answer.body.user.email_verified_at)
  const again = await server.post(VERIFY, { login_token, code })
  assert.deepEqual(again.body.error.details, { code: 'login_expired' })
})

test('an address without an account gets the same answers', async () => {
  const { email } = await signUp(server)
  const shapes = []
  for (const address of [email, `${randomUUID()}@example.com`]) {
    const begun = await begin(address)
    await server.deliverMails()
    const answers = []
    for (let n = 0; n < 6; n++) {
      const answer = await server.post(VERIFY, { login_token: begun.body.login_token, code: 'AAAA-AAAA' })
      answers.push(`${answer.status} ${answer.text}`)
    }
    shapes.push({ status: begun.status, message: begun.body.message, answers })
  }
  assert.deepEqual(shapes[0], shapes[1])
  assert.match(shapes[0]?.answers[4] ?? '', /"attempts_left":0/)
  assert.match(shapes[0]?.answers[5] ?? '', /login_expired/)
})

test('the first code takes what a stranger has prepared at an unproven address', async () => {
  const thief = await logInNewUser(server)
  const { email } = thief.user
  const { login_token } = (await begin(email)).body
  const code = codeOf(await readMail(server, email, 'login_code'))
  assert.equal((await server.post(VERIFY, { login_token, code })).status, 200)
  assert.equal((await me(server, thief.access_token)).status, 401)
  assert.equal((await server.post('/api/v1/auth/login', { email, password: PASSWORD })).status, 401)
  assert.match((await readMail(server, email, 'password_removed')).text, /ask for a new one/)
})

test('with EMAIL_SIGN_UP a code signs up an address without an account, once', async () => {
  const open = await startServer({ EMAIL_LOGIN: 'on', EMAIL_SIGN_UP: 'on' })
  const email = `${randomUUID()}@example.com`
  const begun = [(await begin(email, open)).body, (await begin(email, open)).body]
  const mails = await readMails(open, email)
  assert.deepEqual(
    mails.map(({ kind }) => kind),
    ['sign_up_code', 'sign_up_code'],
  )
  const [second, first] = mails.map(codeOf)
  const done = await open.post(VERIFY, { login_token: begun[0]?.login_token, code: first })
  assert.equal(done.status, 200, done.text)
  assert.ok(done.body.user.email_verified_at)
  const late = await open.post(VERIFY, { login_token: begun[1]?.login_token, code: second })
  assert.deepEqual(late.body.error.details, { code: 'login_expired' })
  assert.equal((await open.rows(sql`select id from users where email = ${email}`)).length, 1)
  await begin(email, open)
  assert.ok((await readMails(open, email)).some(({ kind }) => kind === 'login_code'))
})

test('without EMAIL_LOGIN there is no such path', async () => {
  const plain = await startServer()
  assert.equal((await begin('a@example.com', plain)).status, 404)
})

test('an unproven address is proven by a code before the first login, without typing the password again', async () => {
  const strict = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(strict)
  const refused = await strict.post('/api/v1/auth/login', { email, password: PASSWORD })
  assert.equal(refused.status, 403)
  const { login_token, ...details } = refused.body.error.details
  assert.deepEqual(details, { code: 'email_not_verified', expires_in: 900 })
  const code = codeOf(await readMail(strict, email, 'login_code'))
  const answer = await strict.post(VERIFY, { login_token, code })
  assert.equal(answer.status, 200, answer.text)
  await logIn(strict, email)
  assert.equal(
    (await strict.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' })).status,
    200,
  )
})

test('HIDE_ACCOUNT_EXISTENCE answers every sign-up alike, and creates the user with the code', async () => {
  const hidden = await startServer({ HIDE_ACCOUNT_EXISTENCE: 'on' })
  const user = (email: string) => ({ user: { email, password: PASSWORD, first_name: 'Ann' } })
  const email = `${randomUUID()}@example.com`
  const first = await hidden.post('/api/v1/users/sign_up', user(email))
  assert.equal(first.status, 202)
  assert.equal((await hidden.post('/api/v1/auth/login', { email, password: PASSWORD })).status, 401)
  const code = codeOf(await readMail(hidden, email, 'sign_up_code'))
  const done = await hidden.post(VERIFY, { login_token: first.body.login_token, code })
  assert.equal(done.status, 200, done.text)
  assert.equal(done.body.user.first_name, 'Ann')
  assert.ok(done.body.user.email_verified_at)

  const second = await hidden.post('/api/v1/users/sign_up', user(email))
  assert.equal(second.status, 202)
  assert.deepEqual(Object.keys(second.body), Object.keys(first.body))
  assert.ok((await readMails(hidden, email)).some(({ kind }) => kind === 'address_taken'))
  const wrong = await hidden.post(VERIFY, { login_token: second.body.login_token, code })
  assert.deepEqual(wrong.body.error.details, { code: 'invalid_code', attempts_left: 4 })
})

test('a login from a new device and a new network is mailed; the first login and known ones are not', async () => {
  const proxied = await startServer({ TRUSTED_PROXIES: '127.0.0.1' })
  const { email } = await signUp(proxied)
  const from = async (ip: string, device_token?: string) => {
    const body = { email, password: PASSWORD, ...(device_token !== undefined && { device_token }) }
    const answer = await proxied.post('/api/v1/auth/login', body, { headers: { 'x-forwarded-for': ip } })
    assert.equal(answer.status, 200)
    return answer.body
  }
  const alerts = async () => (await readMails(proxied, email)).filter(({ kind }) => kind === 'new_login').length
  const first = await from('198.51.100.1')
  await from('198.51.100.1')
  await from('198.51.100.2', first.device_token)
  assert.equal(await alerts(), 0)
  const thief = await from('203.0.113.9')
  assert.equal(await alerts(), 1)
  assert.ok(decodeClaims(thief.access_token)['sid'])
})
