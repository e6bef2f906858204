import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { logIn, logInNewUser, PASSWORD } from '../support/users.ts'

const server = await startServer({ EMAIL_LOGIN: 'on' })
const USERS = '/api/v1/users'
const ROUNDS = 16
const newAddress = () => `${randomUUID()}@example.com`
const OTHER_PASSWORD = 'a quite different one'

type Login = Awaited<ReturnType<typeof logInNewUser>>
type Racer = (login: Login) => Promise<() => Promise<{ status: number; text: string }>>

const withBearer = (path: string, body: (login: Login) => unknown): Racer => {
  return async (login) => () => server.post(path, body(login), { bearer: login.access_token })
}

/** Prepares a request, and returns what sends it. */
const RACERS: Record<string, Racer> = {
  password: withBearer(`${USERS}/password`, () => ({ current_password: PASSWORD, password: OTHER_PASSWORD })),
  forgot: withBearer(`${USERS}/password/forgot`, ({ user: { email } }) => ({ email })),
  verification: withBearer(`${USERS}/email/verification`, () => ({})),
  change: withBearer(`${USERS}/email/change`, () => ({ email: newAddress() })),
  'login by mail': withBearer('/api/v1/auth/login/email', ({ user: { email } }) => ({ email })),
  login: withBearer('/api/v1/auth/login', ({ user: { email } }) => ({ email, password: PASSWORD })),
  reset: async ({ user: { email } }) => {
    await server.post(`${USERS}/password/forgot`, { email })
    const token = linkOf(await readMail(server, email, 'reset_password'))
    return () => server.post(`${USERS}/password/reset`, { token, password: OTHER_PASSWORD })
  },
  verify: async ({ user: { email }, access_token: bearer }) => {
    await server.post(`${USERS}/email/verification`, {}, { bearer })
    const code = codeOf(await readMail(server, email, 'verify_email'))
    return () => server.post(`${USERS}/email/verify`, { code }, { bearer })
  },
  confirm: async ({ access_token: bearer }) => {
    const email = newAddress()
    await server.post(`${USERS}/email/change`, { email }, { bearer })
    const code = codeOf(await readMail(server, email, 'confirm_email'))
    return () => server.post(`${USERS}/email/confirm`, { code }, { bearer })
  },
  undo: async ({ user: { email: old }, access_token: bearer }) => {
    const email = newAddress()
    await server.post(`${USERS}/email/change`, { email }, { bearer })
    const code = codeOf(await readMail(server, email, 'confirm_email'))
    await server.post(`${USERS}/email/confirm`, { code }, { bearer })
    const token = linkOf(await readMail(server, old, 'email_changed'))
    return () => server.post(`${USERS}/email/undo`, { token })
  },
  'not me': async ({ user: { email }, access_token: bearer }) => {
    await server.post(`${USERS}/password`, { current_password: PASSWORD, password: OTHER_PASSWORD }, { bearer })
    const token = linkOf(await readMail(server, email, 'password_changed'))
    return () => server.post('/api/v1/auth/not_me', { token })
  },
  'login with a code': async ({ user: { email } }) => {
    const { login_token } = (await server.post('/api/v1/auth/login/email', { email })).body
    const code = codeOf(await readMail(server, email, 'login_code'))
    return () => server.post('/api/v1/auth/login/verify', { login_token, code })
  },
}

for (const [name, prepare] of Object.entries(RACERS))
  test(`the deletion of a user beside "${name}" is no error`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const login = await logInNewUser(server)
      const { access_token: bearer } = await logIn(server, login.user.email)
      const race = await prepare(login)
      const deletion = server.delete(`${USERS}/${login.user.id}`, { bearer })
      // Some requests begin at once, others when the deletion is under way.
      for (let turn = 0; turn < round % 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      const [deleted, answer] = await Promise.all([deletion, race(), server.deliverMails()])
      assert.ok(deleted.status < 500, deleted.text)
      assert.ok(answer.status < 500, answer.text)
    }
    assert.deepEqual(
      server.logs.filter(({ level }) => (level as number) >= 50),
      [],
    )
  })
