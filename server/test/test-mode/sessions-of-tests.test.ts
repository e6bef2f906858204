import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeClaims } from '../support/users.ts'
import { startBench } from './bench.ts'

const literally = (text: string) => new RegExp(`^${text.replaceAll(/[[\]()]/g, '\\$&')}$`)

const server = await startBench()
beforeEach(() => server.test('reset'))

test('users are created all or none, with the rules of a sign-up', async () => {
  const created = await server.test('users', [
    { email: 'Ann@Example.com', password: 'correct horse', role: 'admin', first_name: 'Ann' },
    {},
  ])
  assert.equal(created.status, 201)
  const [ann, other] = created.body.users
  assert.deepEqual([ann.id, ann.email, ann.role, ann.first_name], [1, 'ann@example.com', 'admin', 'Ann'])
  assert.notEqual(ann.email_verified_at, null)
  assert.match(other.email, /^user-[0-9a-f]{12}@example\.test$/)
  const login = await server.post('/api/v1/auth/login', { email: ann.email, password: 'correct horse' })
  assert.equal(login.status, 200, login.text)

  const refused = await server.test('users', [{ email: 'new@example.com' }, { email: 'ann@example.com', role: 'king' }])
  assert.deepEqual(refused.body.error.details, { '1.role': ['must be user or admin'] })
  const taken = await server.test('users', [{ email: 'new@example.com' }, { email: 'ann@example.com' }, 'x'])
  assert.deepEqual(taken.body.error.details, { '1.email': ['has already been taken'] })
  assert.equal((await server.test('users', { email: 'new@example.com', verified: false })).status, 201)
  const short = await server.test('users', { password: 'short' })
  assert.deepEqual(Object.keys(short.body.error.details), ['password'])
})

test('a session is the answer of a login, for a user by id, GUID or address', async () => {
  const { users } = (await server.test('users', { verified: false })).body
  for (const name of [users[0].id, String(users[0].id), users[0].guid, users[0].email]) {
    const { status, body, headers } = await server.test('sessions', { user: name, amr: ['pwd', 'otp'] })
    assert.equal(status, 201)
    assert.deepEqual(
      Object.keys(body).sort(),
      [
        'access_token',
        'device_token',
        'expires_in',
        'refresh_expires_in',
        'refresh_token',
        'token_type',
        'user',
      ].sort(),
    )
    assert.equal(headers.get('location'), `/test/sessions/${decodeClaims(body.access_token)['sid']}`)
    const { session } = (await server.get('/api/v1/auth/sessions', { bearer: body.access_token })).body
    assert.equal(session, undefined)
    assert.equal((await server.refresh(body.refresh_token)).status, 200)
  }
  const cookie = await server.test('sessions', { user: users[0].guid, cookie: true })
  assert.match(cookie.headers.get('set-cookie') ?? '', /^__Host-tessera_refresh=/)
  assert.equal(cookie.body.refresh_token, undefined)
})

test('a session that was issued sixteen minutes ago has an expired access token and lives', async () => {
  const { user } = await server.signIn()
  const { body } = await server.test('sessions', { user: user.guid, issued: '-16m' })
  assert.ok(Number(decodeClaims(body.access_token)['exp']) * 1000 < Date.now(), 'expired for every verifier')
  assert.equal((await server.get('/api/v1/auth/me', { bearer: body.access_token })).status, 401)
  const refreshed = await server.refresh(body.refresh_token)
  assert.equal((await server.get('/api/v1/auth/me', { bearer: refreshed.body.access_token })).status, 200)
})

test('an older authentication is one that steps of the account do not trust', async () => {
  const { users } = (await server.test('users', { password: 'correct horse' })).body
  const { body } = await server.test('sessions', { user: users[0].email, auth_time: '-8d' })
  const authenticatedAt = Number(decodeClaims(body.access_token)['auth_time']) * 1000
  assert.ok(Math.abs(Date.now() - 8 * 86_400_000 - authenticatedAt) < 60_000)
  const change = { email: 'new@example.com' }
  const answer = await server.post('/api/v1/users/email/change', change, { bearer: body.access_token })
  assert.equal(answer.status, 403, answer.text)
})

test('a session, or its refresh tokens, can expire now', async () => {
  const { tokens } = await server.signIn()
  const id = String(decodeClaims(tokens.access_token)['sid'])
  const access = await server.test(`sessions/${id}/expire`, { what: 'access' })
  assert.match(access.body.error.details.what[0], /make a session with "issued": "-16m"/)
  assert.equal((await server.test(`sessions/${id}/expire`, { what: 'refresh' })).status, 204)
  const refused = await server.refresh(tokens.refresh_token)
  assert.deepEqual([refused.status, refused.body.error.message], [401, 'Refresh token expired'])
  assert.equal((await server.get('/api/v1/auth/me', { bearer: tokens.access_token })).status, 200)

  const other = await server.signIn()
  assert.equal((await server.test(`sessions/${other.tokens.refresh_token}/expire`, { what: 'session' })).status, 204)
  assert.equal((await server.get('/api/v1/auth/me', { bearer: other.tokens.access_token })).status, 401)
  assert.deepEqual((await server.refresh(other.tokens.refresh_token)).body.error.details, {
    code: 'session_ended',
    reason: 'expired',
  })
  const none = '01900000-0000-7000-8000-000000000000'
  assert.equal((await server.test(`sessions/${none}/expire`, { what: 'session' })).status, 404)
})

test('a field of a session that cannot be read is refused with a sentence', async () => {
  const { user } = await server.signIn()
  for (const [body, field, sentence] of [
    [{}, 'user', "can't be blank"],
    [{ user: 'none@example.com' }, 'user', 'must be the id, the GUID or the address of a user'],
    [{ user: [user.guid] }, 'user', 'must be a string'],
    [{ user: user.guid, amr: 'pwd' }, 'amr', 'must be a list of methods such as ["pwd", "otp"]'],
    [{ user: user.guid, cookie: 'yes' }, 'cookie', 'must be true or false'],
    [{ user: user.guid, issued: '16m' }, 'issued', /^must be how long ago that was, such as -16m/],
    [{ user: user.guid, auth_time: '2999-01-01' }, 'auth_time', /or a time in the past$/],
  ] as const) {
    const answer = await server.test('sessions', body)
    assert.equal(answer.status, 422, JSON.stringify(body))
    assert.match(answer.body.error.details[field][0], typeof sentence === 'string' ? literally(sentence) : sentence)
  }
})
