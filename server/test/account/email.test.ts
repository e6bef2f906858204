import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { codeOf, linkOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me, PASSWORD, refresh, signUp } from '../support/users.ts'

const server = await startServer()
const EMAIL = '/api/v1/users/email'
const newAddress = () => `${randomUUID()}@example.com`

type Login = Awaited<ReturnType<typeof logInNewUser>>

/** Asks for another address, and returns the mail to it. */
async function askForChange(login: Login, email: string, on: TestServer = server) {
  const answer = await on.post(`${EMAIL}/change`, { email }, { bearer: login.access_token })
  assert.equal(answer.status, 202, answer.text)
  return readMail(on, email, 'confirm_email')
}

test('an address is proven by the code or by the link of a mail, and by its own user only', async () => {
  const [ann, ben] = [await logInNewUser(server), await logInNewUser(server)]
  assert.equal((await me(server, ann.access_token)).body.user.email_verified_at, null)
  for (const login of [ann, ben]) {
    const asked = await server.post(`${EMAIL}/verification`, {}, { bearer: login.access_token })
    assert.equal(asked.status, 202)
  }
  const mail = await readMail(server, ann.user.email, 'verify_email')
  const foreign = await server.post(`${EMAIL}/verify`, { token: linkOf(mail) }, { bearer: ben.access_token })
  assert.equal(foreign.status, 422)
  const wrong = await server.post(`${EMAIL}/verify`, { code: codeOf(mail) }, { bearer: ben.access_token })
  assert.deepEqual(wrong.body.error.details, { code: 'invalid_code', attempts_left: 4 })
  const typed = codeOf(mail).toLowerCase().replace('-', ' ')
  const proven = await server.post(`${EMAIL}/verify`, { code: typed }, { bearer: ann.access_token })
  assert.equal(proven.status, 200)
  assert.ok(proven.body.user.email_verified_at)
  assert.ok((await me(server, ann.access_token)).body.user.email_verified_at)
  const token = linkOf(await readMail(server, ben.user.email, 'verify_email'))
  assert.equal((await server.post(`${EMAIL}/verify`, { token }, { bearer: ben.access_token })).status, 200)
})

test('an address changes when the new one is proven; the old mailbox is told twice', async () => {
  const login = await logInNewUser(server)
  const email = newAddress()
  const mail = await askForChange(login, email)
  await logIn(server, login.user.email)
  const answer = await server.post(`${EMAIL}/confirm`, { code: codeOf(mail) }, { bearer: login.access_token })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user.email, email)
  assert.ok(answer.body.user.email_verified_at)
  await logIn(server, email)
  const kinds = (await readMails(server, login.user.email)).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['email_changed', 'email_change_requested'])
})

test('a change can be undone for seven days from the old mailbox, whatever the thief does meanwhile', async () => {
  const login = await logInNewUser(server)
  const { email } = login.user
  const stolen = newAddress()
  const mail = await askForChange(login, stolen)
  await server.post(`${EMAIL}/confirm`, { token: linkOf(mail) }, { bearer: login.access_token })
  const change = { current_password: PASSWORD, password: 'the password of a thief' }
  await server.post('/api/v1/users/password', change, { bearer: login.access_token })
  const taken = await server.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  assert.deepEqual(taken.body.errors, { email: ['has already been taken'] })

  server.advanceClock({ seconds: 6 * 86_400 })
  const token = linkOf(await readMail(server, email, 'email_changed'))
  assert.equal((await server.post(`${EMAIL}/undo`, { token })).status, 204)
  assert.equal((await server.post(`${EMAIL}/undo`, { token })).status, 422)
  assert.equal((await me(server, login.access_token)).status, 401)
  for (const address of [email, stolen]) {
    const body = { email: address, password: change.password }
    assert.equal((await server.post('/api/v1/auth/login', body)).status, 401)
  }
  const reset = {
    token: linkOf(await readMail(server, email, 'reset_password')),
    password: 'the password of the owner',
  }
  assert.equal((await server.post('/api/v1/users/password/reset', reset)).status, 204)
  await logIn(server, email, reset.password)
  assert.equal((await readMail(server, stolen, 'email_undone')).link, null)
})

test('a change is final at once with the code of the old mailbox', async () => {
  const login = await logInNewUser(server)
  const email = newAddress()
  const code = codeOf(await askForChange(login, email))
  const old_code = codeOf(await readMail(server, login.user.email, 'email_change_requested'))
  const answer = await server.post(`${EMAIL}/confirm`, { code, old_code }, { bearer: login.access_token })
  assert.equal(answer.status, 200, answer.text)
  assert.equal((await readMail(server, login.user.email, 'email_changed')).link, null)
  await signUp(server, login.user.email)
})

test('an address with an account gets another mail, and the same answers', async () => {
  const [login, owner] = [await logInNewUser(server), await signUp(server)]
  const answer = await server.post(`${EMAIL}/change`, { email: owner.email }, { bearer: login.access_token })
  assert.equal(answer.status, 202)
  assert.equal((await readMail(server, owner.email, 'address_taken')).code, null)
  const wrong = await server.post(`${EMAIL}/confirm`, { code: 'AAAA-AAAA' }, { bearer: login.access_token })
  assert.deepEqual(wrong.body.error.details, { code: 'invalid_code', attempts_left: 4 })
})

test('an old session needs the password for a change of the address', async () => {
  const login = await logInNewUser(server)
  server.advanceClock({ seconds: 601 })
  const email = newAddress()
  const asked = await server.post(`${EMAIL}/change`, { email }, { bearer: login.access_token })
  assert.equal(asked.status, 403)
  assert.deepEqual(asked.body.error.details, { code: 'step_up_required', methods: ['password'] })
  const wrong = await server.post(`${EMAIL}/change`, { email, current_password: 'x' }, { bearer: login.access_token })
  assert.deepEqual(wrong.body.error.details, { current_password: ['is wrong'] })
  const right = { email, current_password: PASSWORD }
  assert.equal((await server.post(`${EMAIL}/change`, right, { bearer: login.access_token })).status, 202)
})

test('"stop this change" ends the asking and the session that asked', async () => {
  const login = await logInNewUser(server)
  const code = codeOf(await askForChange(login, newAddress()))
  const token = linkOf(await readMail(server, login.user.email, 'email_change_requested'))
  assert.equal((await server.post('/api/v1/auth/not_me', { token })).status, 202)
  assert.equal((await me(server, login.access_token)).status, 401)
  const owner = {
    token: linkOf(await readMail(server, login.user.email, 'reset_password')),
    password: 'quite another one',
  }
  assert.equal((await server.post('/api/v1/users/password/reset', owner)).status, 204)
  const again = await logIn(server, login.user.email, owner.password)
  const late = await server.post(`${EMAIL}/confirm`, { code }, { bearer: again.access_token })
  assert.equal(late.status, 422)
})

test('after three changes of the address in a day there is no fourth', async () => {
  const changing = await startServer()
  let login = await logInNewUser(changing)
  for (let n = 0; n < 3; n++) {
    const email = newAddress()
    const token = linkOf(await askForChange(login, email, changing))
    const bearer = login.access_token
    assert.equal((await changing.post(`${EMAIL}/confirm`, { token }, { bearer })).status, 200)
    login = { ...login, ...(await logIn(changing, email)) }
  }
  const ask = (bearer: string) => changing.post(`${EMAIL}/change`, { email: newAddress() }, { bearer })
  const fourth = await ask(login.access_token)
  assert.equal(fourth.status, 429)
  assert.equal(fourth.body.error.details.code, 'too_many_changes')
  changing.advanceClock({ seconds: 86_401 })
  const user = (await refresh(changing, login.refresh_token)).body
  const body = { email: newAddress(), current_password: PASSWORD }
  assert.equal((await changing.post(`${EMAIL}/change`, body, { bearer: user.access_token })).status, 202)
})
