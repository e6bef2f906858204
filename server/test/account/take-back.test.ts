import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { disableUser } from '../../src/auth/account/disable-user.ts'
import { codeOf, linkOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me, PASSWORD, type Tokens } from '../support/users.ts'

const server = await startServer()
const EMAIL = '/api/v1/users/email'
const SIGN_UP = '/api/v1/users/sign_up'
const NOT_ME = '/api/v1/auth/not_me'
const newAddress = () => `${randomUUID()}@example.com`
const ORIGIN = { ip: '127.0.0.1', userAgent: null }

/** Moves an account to another address; returns the link that undoes it. */
async function move(login: Tokens, from: string, to: string, on: TestServer = server): Promise<string> {
  const bearer = login.access_token
  assert.equal((await on.post(`${EMAIL}/change`, { email: to, current_password: PASSWORD }, { bearer })).status, 202)
  const code = codeOf(await readMail(on, to, 'confirm_email'))
  assert.equal((await on.post(`${EMAIL}/confirm`, { code }, { bearer })).status, 200)
  return linkOf(await readMail(on, from, 'email_changed'))
}

const undo = (token: string, on: TestServer = server) => on.post(`${EMAIL}/undo`, { token })

async function addressOf({ user }: { user: { id: number } }, on: TestServer = server): Promise<string | undefined> {
  return (await on.rows<{ email: string }>(sql`select email from users where id = ${user.id}`))[0]?.email
}

test('an undo ends the undo of each later change', async () => {
  const login = await logInNewUser(server)
  const [a, b, c] = [login.user.email, newAddress(), newAddress()] as const
  const first = await move(login, a, b)
  const second = await move(login, b, c)
  assert.equal((await undo(first)).status, 204)
  assert.equal(await addressOf(login), a)
  assert.equal((await undo(second)).status, 422)
})

test('an undo of a later change leaves that of an earlier one good, and its address kept', async () => {
  const login = await logInNewUser(server)
  const [a, b, c] = [login.user.email, newAddress(), newAddress()] as const
  const first = await move(login, a, b)
  const second = await move(login, b, c)
  assert.equal((await undo(second)).status, 204)
  assert.equal(await addressOf(login), b)
  const taken = await server.post(SIGN_UP, { user: { email: a, password: PASSWORD } })
  assert.deepEqual(taken.body.errors, { email: ['has already been taken'] })
  assert.equal((await undo(first)).status, 204)
  assert.equal(await addressOf(login), a)
  for (const email of [b, c])
    assert.equal((await server.post(SIGN_UP, { user: { email, password: PASSWORD } })).status, 200)
})

test('a clock that moves back changes nothing of which change is the later one', async () => {
  const moving = await startServer()
  const login = await logInNewUser(moving)
  const [a, b, c] = [login.user.email, newAddress(), newAddress()] as const
  moving.advanceClock({ seconds: 120 })
  const first = await move(login, a, b, moving)
  moving.advanceClock({ seconds: -60 })
  const second = await move(login, b, c, moving)
  moving.advanceClock({ seconds: 120 })
  assert.equal((await undo(first, moving)).status, 204)
  assert.equal((await undo(second, moving)).status, 422)
  assert.equal(await addressOf(login, moving), a)
})

test('after an undo, no link in the mailbox that is left does anything', async () => {
  const login = await logInNewUser(server)
  const [own, stolen] = [login.user.email, newAddress()] as const
  const token = await move(login, own, stolen)
  const bearer = login.access_token
  await server.post('/api/v1/users/password', { current_password: PASSWORD, password: 'of a thief' }, { bearer })
  const left = linkOf(await readMail(server, stolen, 'password_changed'))
  assert.equal((await undo(token)).status, 204)
  const password = 'the password of the owner'
  const reset = linkOf(await readMail(server, own, 'reset_password'))
  assert.equal((await server.post('/api/v1/users/password/reset', { token: reset, password })).status, 204)
  const owner = await logIn(server, own, password)
  assert.equal((await server.post(NOT_ME, { token: left })).status, 202)
  assert.equal((await me(server, owner.access_token)).status, 200)
})

test('"stop this change" after the change undoes it', async () => {
  const login = await logInNewUser(server)
  const own = login.user.email
  await move(login, own, newAddress())
  const token = linkOf(await readMail(server, own, 'email_change_requested'))
  assert.equal((await server.post(NOT_ME, { token })).status, 202)
  assert.equal(await addressOf(login), own)
  assert.ok(await readMail(server, own, 'reset_password'))
})

test('an old address that an import has given away is not taken back; "not me" ends the sessions', async () => {
  const [login, other] = [await logInNewUser(server), await logInNewUser(server)]
  const own = login.user.email
  const token = await move(login, own, newAddress())
  await server.rows(sql`update users set email = ${own} where id = ${other.user.id} returning id`)
  assert.equal((await undo(token)).status, 422)
  const stop = linkOf(await readMail(server, own, 'email_change_requested'))
  assert.equal((await server.post(NOT_ME, { token: stop })).status, 202)
  assert.equal((await me(server, login.access_token)).status, 401)
  assert.equal((await me(server, other.access_token)).status, 200)
})

test('"not me" makes the password of a login invalid, though its session is over and deleted', async () => {
  const proxied = await startServer({ TRUSTED_PROXIES: '127.0.0.1' })
  const { user } = await logInNewUser(proxied)
  const body = { email: user.email, password: PASSWORD }
  const thief = await proxied.post('/api/v1/auth/login', body, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(thief.status, 200)
  const token = linkOf(await readMail(proxied, user.email, 'new_login'))
  await proxied.rows(sql`delete from sessions where user_id = ${user.id} returning id`)
  assert.equal((await proxied.post(NOT_ME, { token })).status, 202)
  assert.equal((await proxied.post('/api/v1/auth/login', body)).status, 401)
})

test('fifty parallel uses of "not me" are one event and one mail', async () => {
  const login = await logInNewUser(server)
  const bearer = login.access_token
  await server.post('/api/v1/users/password', { current_password: PASSWORD, password: 'of a thief' }, { bearer })
  const token = linkOf(await readMail(server, login.user.email, 'password_changed'))
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.post(NOT_ME, { token })))
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202])
  const events = await server.rows(
    sql`select id from audit_events where kind = ${'disowned'} and user_id = ${login.user.id}`,
  )
  assert.equal(events.length, 1)
  const mails = await readMails(server, login.user.email)
  assert.equal(mails.filter(({ kind }) => kind === 'reset_password').length, 1)
})

test('a disabled user is mailed nothing, whichever link is used', async () => {
  const login = await logInNewUser(server)
  const [own, stolen] = [login.user.email, newAddress()] as const
  const token = await move(login, own, stolen)
  await disableUser(server.ctx, { user: login.user, origin: ORIGIN })
  const before = [await readMails(server, own), await readMails(server, stolen)].flat().length
  assert.equal((await undo(token)).status, 204)
  assert.equal([await readMails(server, own), await readMails(server, stolen)].flat().length, before)
})
