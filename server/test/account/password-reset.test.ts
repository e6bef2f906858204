import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { issuePair, logInNewUser, me, refresh, signUp } from '../support/users.ts'

const server = await startServer()
const FORGOT = '/api/v1/users/password/forgot'
const RESET = '/api/v1/users/password/reset'
const NEW_PASSWORD = 'a quite different one'
const INVALID_LINK = { token: ['is invalid or has expired'] }

async function askForReset(email: string): Promise<string> {
  const answer = await server.post(FORGOT, { email })
  assert.equal(answer.status, 202)
  return linkOf(await readMail(server, email, 'reset_password'))
}

test('a forgotten password is set anew by the link of a mail, once', async () => {
  const login = await logInNewUser(server)
  const { email } = login.user
  const pair = await issuePair(server, login.user.guid)
  const token = await askForReset(email)
  assert.equal((await server.post(RESET, { token, password: NEW_PASSWORD })).status, 204)
  const second = await server.post(RESET, { token, password: 'yet another password' })
  assert.equal(second.status, 422)
  assert.deepEqual(second.body.error.details, INVALID_LINK)

  for (const { access_token } of [login, pair]) assert.equal((await me(server, access_token)).status, 401)
  const details = (await refresh(server, login.refresh_token)).body.error.details
  assert.deepEqual(details, { code: 'session_ended', reason: 'password_reset' })
  assert.equal((await server.post('/api/v1/auth/login', { email, password: 'correct horse battery' })).status, 401)
  const again = await server.post('/api/v1/auth/login', { email, password: NEW_PASSWORD })
  assert.equal(again.status, 200)
  assert.ok(again.body.user.email_verified_at)
  assert.ok((await readMails(server, email)).some(({ kind }) => kind === 'password_changed'))
})

test('an address without an account gets the same answer, and no mail', async () => {
  const user = await signUp(server)
  const answers = await Promise.all(
    [user.email, 'nobody@example.com', 'not an address'].map((email) => server.post(FORGOT, { email })),
  )
  const [known, ...others] = answers.map(({ status, text }) => `${status} ${text}`)
  assert.ok(others.every((answer) => answer === known))
  assert.equal((await readMails(server, 'nobody@example.com')).length, 0)
})

test('of fifty parallel uses of a link, one succeeds', async () => {
  const user = await signUp(server)
  const token = await askForReset(user.email)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => server.post(RESET, { token, password: `${NEW_PASSWORD} ${n}` })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [204, ...Array.from({ length: 49 }, () => 422)])
})

test('a refused password uses nothing up, and an altered link is judged before it', async () => {
  const user = await signUp(server)
  const token = await askForReset(user.email)
  const short = await server.post(RESET, { token, password: 'short' })
  assert.deepEqual(short.body.error.details, { password: ['is too short (minimum is 8 characters)'] })
  const altered = `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`
  const answer = await server.post(RESET, { token: altered, password: 'short' })
  assert.deepEqual(answer.body.error.details, INVALID_LINK)
  assert.equal((await server.post(RESET, { token, password: NEW_PASSWORD })).status, 204)
})

test('a second mail carries the link of the first, and a link is good for thirty minutes', async () => {
  const user = await signUp(server)
  const token = await askForReset(user.email)
  server.advanceClock({ seconds: 60 })
  assert.equal(await askForReset(user.email), token)
  server.advanceClock({ seconds: 1801 })
  const late = await server.post(RESET, { token, password: NEW_PASSWORD })
  assert.deepEqual(late.body.error.details, INVALID_LINK)
})

test('a changed password makes an older link of a reset invalid', async () => {
  const login = await logInNewUser(server)
  const token = await askForReset(login.user.email)
  const change = { current_password: 'correct horse battery', password: NEW_PASSWORD }
  const answer = await server.post('/api/v1/users/password', change, { bearer: login.access_token })
  assert.equal(answer.status, 204)
  assert.equal((await server.post(RESET, { token, password: 'yet another password' })).status, 422)
})
