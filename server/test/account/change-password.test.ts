import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkOf, readMail } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { logIn, logInNewUser, me, PASSWORD, refresh } from '../support/users.ts'

const server = await startServer()
const CHANGE = '/api/v1/users/password'
const NEW_PASSWORD = 'a quite different one'

test('a user changes the password: the others are signed out, this session goes on, a mail tells', async () => {
  const own = await logInNewUser(server)
  const other = await logIn(server, own.user.email)
  const change = { current_password: PASSWORD, password: NEW_PASSWORD }
  const answer = await server.post(CHANGE, change, { bearer: own.access_token })
  assert.equal(answer.status, 204)
  assert.equal((await me(server, own.access_token)).status, 200)
  assert.equal((await me(server, other.access_token)).status, 401)
  const { details } = (await refresh(server, other.refresh_token)).body.error
  assert.deepEqual(details, { code: 'session_ended', reason: 'password_changed' })
  assert.match((await readMail(server, own.user.email, 'password_changed')).text, /This was not me/)
  await logIn(server, own.user.email, NEW_PASSWORD)
})

test('a change may end the session that makes it, too', async () => {
  const { access_token: bearer } = await logInNewUser(server)
  const change = { current_password: PASSWORD, password: NEW_PASSWORD, end: 'all' }
  assert.equal((await server.post(CHANGE, change, { bearer })).status, 204)
  assert.equal((await me(server, bearer)).status, 401)
})

test('a wrong current password and a bad new one are each named, and change nothing', async () => {
  const { access_token: bearer, user } = await logInNewUser(server)
  const wrong = await server.post(CHANGE, { current_password: 'x', password: NEW_PASSWORD }, { bearer })
  assert.equal(wrong.status, 422)
  assert.deepEqual(wrong.body.error.details, { current_password: ['is wrong'] })
  const short = await server.post(CHANGE, { current_password: PASSWORD, password: 'x' }, { bearer })
  assert.equal(short.status, 422)
  assert.deepEqual(Object.keys(short.body.error.details), ['password'])
  await logIn(server, user.email)
})

test('wrong current passwords have a budget of their own, which logins do not touch', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' })
  const { access_token: bearer, user } = await logInNewUser(limited)
  const change = (current_password: string, token = bearer) =>
    limited.post(CHANGE, { current_password, password: NEW_PASSWORD }, { bearer: token })
  for (let n = 0; n < 10; n++) assert.equal((await change('wrong')).status, 422)
  assert.equal((await change(PASSWORD)).status, 429)
  await logIn(limited, user.email)
  limited.advanceClock({ seconds: 901 })
  const later = await logIn(limited, user.email)
  assert.equal((await change(PASSWORD, later.access_token)).status, 204)
})

test('"this was not me" after a change ends every session, voids the password and mails a reset, once', async () => {
  const thief = await logInNewUser(server)
  const { email } = thief.user
  const change = { current_password: PASSWORD, password: 'the password of a thief' }
  await server.post(CHANGE, change, { bearer: thief.access_token })
  const token = linkOf(await readMail(server, email, 'password_changed'))
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.post('/api/v1/auth/not_me', { token })))
  assert.deepEqual([...new Set(answers.map(({ status, text }) => `${status} ${text}`))].length, 1)
  assert.equal(answers[0]?.status, 202)
  assert.equal((await me(server, thief.access_token)).status, 401)
  const login = await server.post('/api/v1/auth/login', { email, password: 'the password of a thief' })
  assert.equal(login.status, 401)
  const reset = linkOf(await readMail(server, email, 'reset_password'))
  const own = { token: reset, password: 'the password of the owner' }
  assert.equal((await server.post('/api/v1/users/password/reset', own)).status, 204)
  await logIn(server, email, own.password)
})
