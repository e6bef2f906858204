import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { disableUser } from '../../src/auth/account/disable-user.ts'
import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { ADMIN, JOHN, logInNewUser, PASSWORD, signUp } from '../support/users.ts'

const FORGOT = '/api/v1/users/password/forgot'
const RESET = '/api/v1/users/password/reset'
const BEGIN = '/api/v1/auth/login/email'
const SIGN_UP = '/api/v1/users/sign_up'
const unknown = () => `${randomUUID()}@example.com`

/** Addresses of every kind: unknown, unproven, proven, disabled, without a password, of a demo user, and malformed. */
async function addressesOn(server: TestServer): Promise<string[]> {
  const [unproven, proven, disabled] = [unknown(), unknown(), unknown()]
  for (const email of [unproven, proven, disabled]) {
    const guid = randomUUID()
    await server.rows(sql`
      insert into users (guid, email, role, locale, created_at, updated_at)
      values (${guid}, ${email}, ${'user'}, ${'en'}, ${new Date()}, ${new Date()}) returning id`)
  }
  await server.rows(sql`update users set email_verified_at = ${new Date()} where email = ${proven} returning id`)
  const [user] = await server.rows<{ id: number }>(sql`select id from users where email = ${disabled}`)
  await disableUser(server.ctx, { user: user as { id: number }, origin: { ip: '127.0.0.1', userAgent: null } })
  return [unknown(), unproven, proven, disabled, ADMIN.email]
}

/** Everything of an answer that a client sees, without what is drawn for each. */
function seen({ status, headers, text }: { status: number; headers: Headers; text: string }): string {
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
  return `${status} ${JSON.stringify(kept)} ${text.replace(/"login_token":"[\w-]{43}"/, '"login_token":"…"')}`
}

test('requests for mails are answered with equal bytes, whatever the address is', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on' })
  const hidden = await startServer({ DATABASE_URL: server.databaseUrl, HIDE_ACCOUNT_EXISTENCE: 'on' })
  const addresses = await addressesOn(server)
  for (const ask of [
    (email: string) => server.post(FORGOT, { email }),
    (email: string) => server.post(BEGIN, { email }),
    (email: string) => hidden.post(SIGN_UP, { user: { email, password: PASSWORD } }),
  ]) {
    const answers = new Set<string>()
    for (const email of addresses) answers.add(seen(await ask(email)))
    assert.equal(answers.size, 1, [...answers].join('\n'))
    assert.match([...answers][0] ?? '', /^202 /)
  }
})

test('no answer depends on why a link is not good', async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  const { email } = login.user
  const bearer = login.access_token
  await server.post('/api/v1/users/email/verification', {}, { bearer })
  const ofOther = linkOf(await readMail(server, email, 'verify_email'))
  await server.post(FORGOT, { email })
  const token = linkOf(await readMail(server, email, 'reset_password'))
  const alter = (place: number) =>
    `${token.slice(0, place)}${token[place] === 'A' ? 'B' : 'A'}${token.slice(place + 1)}`
  // The id, its border with the secret, the secret, and the last characters, of which some bits are unused.
  const altered = [0, 10, 20, 21, 22, 30, 52, 53].map(alter)
  const shapes = ['', 'x', `${token}A`, `${token}=`, ` ${token}`, token.slice(1), 'x'.repeat(16_000), '\0', '\u{1F511}']
  const bodies = [...altered, ...shapes, ofOther, token.toUpperCase()]
  const answers = new Set<string>()
  for (const candidate of bodies) answers.add(seen(await server.post(RESET, { token: candidate, password: 'x' })))
  assert.equal((await server.post(RESET, { token, password: 'a quite different one' })).status, 204)
  answers.add(seen(await server.post(RESET, { token, password: 'x' })))
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assert.match([...answers][0] ?? '', /^422 .*is invalid or has expired/)
})

test('fields of odd types are refused as fields, and never an error of the server', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on' })
  const { access_token: bearer } = await logInNewUser(server)
  const odd = [null, 1, true, [], ['a'], {}, { a: 1 }, 'x'.repeat(16_000), 'a\0b', '\ud800', ' ']
  const paths: [string, string[]][] = [
    [FORGOT, ['email']],
    [RESET, ['token', 'password']],
    [BEGIN, ['email']],
    ['/api/v1/auth/login/verify', ['login_token', 'code']],
    ['/api/v1/auth/not_me', ['token']],
    ['/api/v1/users/email/undo', ['token']],
    ['/api/v1/users/email/verify', ['token', 'code']],
    ['/api/v1/users/email/confirm', ['code', 'old_code']],
    ['/api/v1/users/email/change', ['email', 'current_password']],
    ['/api/v1/users/password', ['current_password', 'password']],
  ]
  for (const [path, fields] of paths)
    for (const field of fields)
      for (const value of odd) {
        const others = Object.fromEntries(fields.map((name) => [name, 'x']))
        const answer = await server.post(path, { ...others, [field]: value }, { bearer })
        assert.ok([202, 204, 400, 422].includes(answer.status), `${path} ${field} ${answer.status} ${answer.text}`)
      }
  assert.deepEqual(
    server.logs.filter(({ level }) => (level as number) >= 50),
    [],
  )
})

test('codes are read with look-alikes, spaces and small letters', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on' })
  const { email } = await signUp(server)
  const { login_token } = (await server.post(BEGIN, { email })).body
  const code = codeOf(await readMail(server, email, 'login_code'))
  const alike: Record<string, string> = {
    0: 'o',
    1: 'l',
    A: 'а',
    B: 'в',
    E: 'е',
    K: 'к',
    M: 'м',
    H: 'н',
    P: 'р',
    C: 'с',
  }
  const typed = ` ${[...code.replace('-', '—')].map((letter) => alike[letter] ?? letter.toLowerCase()).join(' ')} `
  const answer = await server.post('/api/v1/auth/login/verify', { login_token, code: typed })
  assert.equal(answer.status, 200, `${typed} ${answer.text}`)
})

test('a user without a password gets one by the mail of a forgotten one', async () => {
  const server = await startServer()
  const [, , email = ''] = await addressesOn(server)
  await server.post(FORGOT, { email })
  const token = linkOf(await readMail(server, email, 'reset_password'))
  assert.equal((await server.post(RESET, { token, password: PASSWORD })).status, 204)
  assert.equal((await server.post('/api/v1/auth/login', { email, password: PASSWORD })).status, 200)
  assert.equal((await server.post('/auth/token', { auth: { user_guid: JOHN } })).status, 200)
})
