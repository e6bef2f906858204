import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import {
  issuePair,
  JOHN,
  logIn,
  logInNewUser,
  logOut,
  me,
  moveNetwork,
  PASSWORD,
  refresh,
  signUp,
} from '../support/users.ts'
import { counters, METRICS_KEY, SERVICES } from './figures.ts'

test('logins count by their way and what came of them', async () => {
  const server = await startServer({ ...SERVICES, RATE_LIMIT: 'on', REQUIRE_VERIFIED_EMAIL: 'off' })
  const user = await signUp(server)
  const login = (password: string, email = user.email) => server.post('/api/v1/auth/login', { email, password })
  assert.equal((await login(PASSWORD)).status, 200)
  for (let failures = 0; failures < 10; failures++) assert.equal((await login('wrong')).status, 401)
  assert.equal((await login('wrong')).status, 429)
  assert.equal((await server.post('/api/v1/auth/login', { email: 1 })).status, 422)
  await issuePair(server)
  await server.post('/auth/token', { auth: { user_guid: user.guid.replaceAll(/\w/g, '0') } })
  await server.post('/api/v1/auth/login/verify', { login_token: 'x', code: 'y' })
  assert.deepEqual(await counters(server, 'tessera_logins_total'), {
    'method=password,outcome=succeeded': 1,
    'method=password,outcome=wrong': 10,
    'method=password,outcome=limited': 1,
    'method=service,outcome=succeeded': 1,
    'method=service,outcome=wrong': 1,
    'method=mail,outcome=wrong': 1,
  })
  assert.deepEqual(await counters(server, 'tessera_rate_limited_total'), { 'door=login': 1 })
})

test('sessions count when they open and when they end, and changes of address with them', async () => {
  const server = await startServer({
    ...SERVICES,
    REFRESH_TOKEN_ROTATION: 'strict',
    SESSIONS_PER_USER: '2',
    TRUSTED_PROXIES: '127.0.0.1',
  })
  const { user, ...first } = await logInNewUser(server)
  await logOut(server, first.refresh_token)
  await logOut(server, first.refresh_token)
  for (let logins = 0; logins < 3; logins++) await logIn(server, user.email)
  const last = await logIn(server, user.email)
  await moveNetwork(server, user)
  await server.post(
    '/api/v1/users/password',
    { current_password: PASSWORD, password: 'another long password' },
    {
      bearer: last.access_token,
    },
  )
  assert.deepEqual(await counters(server, 'tessera_sessions_opened_total'), { 'kind=login': 5, 'kind=pair': 1 })
  assert.deepEqual(await counters(server, 'tessera_sessions_ended_total'), {
    'reason=logout': 1,
    'reason=displaced': 2,
    'reason=password_changed': 2,
  })
  assert.deepEqual(await counters(server, 'tessera_address_changes_total'), { '': 1 })
})

test('access tokens count by the reason of their refusal, and by their key', async () => {
  const server = await startServer(SERVICES)
  const { access_token: token, refresh_token: refreshToken } = await logInNewUser(server)
  assert.equal((await me(server, token)).status, 200)
  assert.equal((await refresh(server, refreshToken)).status, 200)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const other = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: 'unknown' })).toString('base64url')
  const known = JSON.parse(Buffer.from(header, 'base64url').toString())
  const typed = Buffer.from(JSON.stringify({ ...known, typ: 'logout+jwt' })).toString('base64url')
  const altered = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  for (const refused of [
    'x',
    `${header}.${payload}.${altered}`,
    `${other}.${payload}.${signature}`,
    refreshToken,
    `${typed}.${payload}.${signature}`,
  ])
    assert.equal((await me(server, refused)).status, 401, refused)
  assert.equal((await server.get('/api/v1/auth/me')).status, 401)
  await logOut(server, refreshToken)
  assert.equal((await me(server, token)).status, 401)
  server.advanceClock({ seconds: 100_000 })
  assert.equal((await me(server, token)).status, 401)
  assert.deepEqual(await counters(server, 'tessera_tokens_refused_total'), {
    'reason=absent': 1,
    'reason=malformed': 2,
    'reason=unknown_key': 1,
    'reason=wrong_kind': 2,
    'reason=ended': 1,
    'reason=expired': 1,
  })
  assert.deepEqual(await counters(server, 'tessera_key_uses_total'), {
    'purpose=access,position=0': 1,
    'purpose=refresh,position=0': 1,
  })
})

test('tokens of a previous key count with its place', async () => {
  const [before, after] = ['a'.repeat(70), 'b'.repeat(70)]
  const old = await startServer({ JWT_SECRET_KEY: before })
  const login = await logInNewUser(old)
  await old.close()
  const settings = { JWT_SECRET_KEY: after, JWT_PREVIOUS_SECRET_KEYS: before, DATABASE_URL: old.databaseUrl }
  const server = await startServer({ ...SERVICES, ...settings })
  const { text } = await server.get('/metrics', { bearer: METRICS_KEY })
  assert.match(text, /^tessera_key_uses_total\{purpose="access",position="1"\} 0$/m)
  await me(server, login.access_token)
  await refresh(server, login.refresh_token)
  assert.deepEqual(await counters(server, 'tessera_key_uses_total'), {
    'purpose=access,position=1': 1,
    'purpose=refresh,position=1': 1,
  })
})

test('requests that cannot be read count by their answer', async () => {
  const server = await startServer(SERVICES)
  const { port, hostname } = new URL(server.url)
  for (const text of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n']) {
    const socket = connect(Number(port), hostname).resume()
    socket.end(text)
    await once(socket, 'close')
  }
  assert.deepEqual(await counters(server, 'tessera_http_unparsed_total'), { 'status=400': 1, 'status=417': 1 })
})

test('transactions of SQLite that share a commit are counted', { skip: onPostgres && 'only SQLite' }, async () => {
  const server = await startServer(SERVICES)
  await issuePair(server, JOHN)
  const sizes = await counters(server, 'tessera_commit_batch_size_count')
  assert.ok((sizes[''] ?? 0) > 0)
})
