import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { canonicalEmail } from '../../src/text/email-address.ts'
import { startServer } from '../support/server.ts'
import { logIn, PASSWORD, signUp } from '../support/users.ts'

const server = await startServer()

function ask(user: unknown) {
  return server.post('/api/v1/users/sign_up', { user })
}

async function assertInvalid(user: unknown, errors: Record<string, string[]>) {
  const answer = await ask(user)
  assert.equal(answer.status, 422, answer.text)
  assert.deepEqual(answer.body, { message: 'Something went wrong', errors })
}

test('registration: a sign-up is answered with 200, the contract’s message and the user', async () => {
  const answer = await ask({ email: 'new@example.com', password: PASSWORD, first_name: 'Ann', last_name: 'Lee' })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.message, 'You have successfully registered')
  const { id, guid, created_at, updated_at, ...rest } = answer.body.user
  assert.ok(Number.isSafeInteger(id))
  assert.match(guid, /^[0-9a-f-]{36}$/)
  assert.equal(created_at, updated_at)
  assert.deepEqual(rest, {
    email: 'new@example.com',
    email_verified_at: null,
    first_name: 'Ann',
    last_name: 'Lee',
    role: 'user',
  })
  await logIn(server, 'new@example.com')
})

test('validation errors are listed by field, in the wording of Rails', async () => {
  await signUp(server, 'taken@example.com')
  await assertInvalid(
    { email: 'taken@example.com', password: '' },
    {
      email: ['has already been taken'],
      password: ["can't be blank"],
    },
  )
  await assertInvalid({}, { email: ["can't be blank"], password: ["can't be blank"] })
  await assertInvalid(undefined, { email: ["can't be blank"], password: ["can't be blank"] })
  await assertInvalid('x', { email: ["can't be blank"], password: ["can't be blank"] })
  await assertInvalid({ email: '  ', password: null }, { password: ["can't be blank"] })
  await assertInvalid({ email: '  ', password: PASSWORD }, { email: ["can't be blank"] })
  await assertInvalid(
    { email: 'x', password: 'short' },
    {
      email: ['is invalid'],
      password: ['is too short (minimum is 8 characters)'],
    },
  )
  await assertInvalid(
    { email: 'a@example.com', password: 'é'.repeat(37) },
    {
      password: ['is too long (maximum is 72 bytes)'],
    },
  )
  for (const password of ['nul\0in the middle', '\ud800 lone surrogate']) {
    await assertInvalid({ email: 'a@example.com', password }, { password: ['is invalid'] })
  }
})

test('arrays, objects, numbers and booleans are refused and never converted to strings', async () => {
  const before = await server.rows(sql`select id from users`)
  for (const value of [['a@example.com'], { a: 1 }, 5, true]) {
    await assertInvalid({ email: value, password: PASSWORD }, { email: ['must be a string'] })
    await assertInvalid({ email: 'typed@example.com', password: value }, { password: ['must be a string'] })
  }
  assert.equal((await server.rows(sql`select id from users`)).length, before.length)
})

test('a sign-up cannot set role, id, guid, dates or digest: they are ignored', async () => {
  const stolen = {
    role: 'admin',
    id: 1,
    guid: '123e4567-e89b-12d3-a456-426614174000',
    created_at: '2000-01-01T00:00:00.000Z',
    password_digest: 'x',
    disabled_at: null,
    locale: 'xx',
  }
  const user = { email: 'mass@example.com', password: PASSWORD, ...stolen }
  const answer = await server.post('/api/v1/users/sign_up', { user, ...stolen })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.user.role, 'user')
  assert.notEqual(answer.body.user.id, 1)
  assert.notEqual(answer.body.user.guid, stolen.guid)
  assert.doesNotMatch(answer.body.user.created_at, /^2000/)
  await logIn(server, 'mass@example.com')
})

test('a password may contain any characters, including spaces and emoji', async () => {
  for (const [n, password] of ['        ', 'пароль и пробелы', '👩‍👩‍👧‍👦👩‍👩‍👧', 'x'.repeat(72)].entries()) {
    const email = `any${n}@example.com`
    assert.equal((await ask({ email, password })).status, 200, password)
    await logIn(server, email, password)
  }
})

test('common passwords are refused in production only: the examples of the contracts use one', async () => {
  assert.equal((await ask({ email: 'common@example.com', password: 'password123' })).status, 200)
  const production = await startServer({
    NODE_ENV: 'production',
    REQUIRE_HTTPS: 'off',
    HOST: '127.0.0.1',
    JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  })
  const user = { email: 'common@example.com', password: 'PassWord123' }
  const answer = await production.post('/api/v1/users/sign_up', { user })
  assert.deepEqual(answer.body.errors, { password: ['is too common'] })
})

test('fifty concurrent sign-ups with one address create one user and cause no error', async () => {
  const user = { email: 'once@example.com', password: PASSWORD }
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(user)))
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  for (const answer of answers) {
    if (answer.status !== 200) assert.deepEqual(answer.body.errors, { email: ['has already been taken'] })
  }
})

test('one mailbox is one account, whatever the case, spaces, trailing dot, Unicode composition or IDNA form', async () => {
  for (const same of ['ann@exämple.com', ' Ann@EXÄMPLE.com ', 'ann@exa\u0308mple.com', 'ann@xn--exmple-cua.com.']) {
    assert.equal(canonicalEmail(same), 'ann@xn--exmple-cua.com', same)
  }
  await signUp(server, 'ann@exämple.com')
  await assertInvalid({ email: 'ANN@xn--exmple-cua.com', password: PASSWORD }, { email: ['has already been taken'] })
})

test('an address that is not a plain mailbox is refused', () => {
  const refused = [
    'plain',
    '@example.com',
    'a@',
    'a@@example.com',
    'a@b@example.com',
    'a b@example.com',
    '"a b"@example.com',
    'a,b@example.com',
    'a@example.com,b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    'a@example.com\r\n',
    'a@example.com\n',
    'Group: a@example.com;',
    'Ann <a@example.com>',
    'a(comment)@example.com',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@0x7f.1',
    'a@[IPv6:::1]',
    'a@::1',
    'a＠example.com',
    'a﹫example.com',
    'mıke@example.com',
    '\u212a@example.com',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'a@-example.com',
    'a@example-.com',
    'a@example..com',
    'a@localhost',
    'a@example.com/x',
    'a@example.com:25',
    'a@exam%70le.com',
    'a\0@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${'b.'.repeat(126)}com`,
    'é@example.com',
    'a@example.com\0',
    'a@exa mple.com',
    'a@examp\u200ble\ud800.com',
  ]
  for (const address of refused) assert.equal(canonicalEmail(address), null, JSON.stringify(address))
  for (const address of ["o'neil+tag@sub.example.co.uk", 'a@xn--p1ai.xn--p1ai', '!#$%&@example.museum']) {
    assert.equal(canonicalEmail(address), address)
  }
})

test('an address of a hundred kilobytes is refused because of its length', () => {
  assert.equal(canonicalEmail(`${'a.'.repeat(50_000)}@example.com`), null)
})
