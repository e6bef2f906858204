import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { PASSWORD, signUp } from '../support/users.ts'

const LOGIN = '/api/v1/auth/login'
const NEW_PASSWORD = 'a quite different one'

test('a right password is no failure, though its address is not proven', async () => {
  const server = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on', RATE_LIMIT: 'on' })
  const { email } = await signUp(server)
  for (let n = 0; n < 12; n++) assert.equal((await server.post(LOGIN, { email, password: PASSWORD })).status, 403)
})

test('a reset ends the logins that began with the old password, also those whose mail is not written yet', async () => {
  const server = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(server)
  await server.post('/api/v1/users/password/forgot', { email })
  const token = linkOf(await readMail(server, email, 'reset_password'))
  const begun = await server.post(LOGIN, { email, password: PASSWORD })
  assert.equal((await server.post('/api/v1/users/password/reset', { token, password: NEW_PASSWORD })).status, 204)
  const mail = await readMail(server, email, 'login_code').catch(() => null)
  const { login_token } = begun.body.error.details
  const answer = await server.post(`${LOGIN}/verify`, { login_token, code: mail?.code ?? 'AAAA-AAAA' })
  assert.deepEqual(answer.body.error.details, { code: 'login_expired' })
})

test('a code of fifty parallel calls signs in once, and the others are late', async () => {
  const server = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(server)
  const { login_token } = (await server.post(LOGIN, { email, password: PASSWORD })).body.error.details
  const code = codeOf(await readMail(server, email, 'login_code'))
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => server.post(`${LOGIN}/verify`, { login_token, code })),
  )
  const kinds = answers.map(({ status, body }) => `${status} ${body.error?.details.code ?? ''}`)
  assert.deepEqual([...new Set(kinds)].sort(), ['200 ', '422 login_expired'])
  assert.equal(kinds.filter((kind) => kind === '200 ').length, 1)
  const sessions = await server.rows(sql`select id from sessions`)
  assert.equal(sessions.length, 1)
})

test('of fifty parallel guesses, five are judged', async () => {
  const server = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(server)
  const { login_token } = (await server.post(LOGIN, { email, password: PASSWORD })).body.error.details
  await server.deliverMails()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => server.post(`${LOGIN}/verify`, { login_token, code: 'AAAA-AAAA' })),
  )
  const left = answers.map(({ body }) => body.error.details.attempts_left).filter((n) => n !== undefined)
  assert.deepEqual(left.sort(), [0, 1, 2, 3, 4])
})
