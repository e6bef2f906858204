import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { logInNewUser, PASSWORD, refresh, signUp } from '../support/users.ts'

const start = () => startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })

function attempt(server: TestServer, email: string, password: string, ip = '192.0.2.1') {
  return server.post('/api/v1/auth/login', { email, password }, { headers: { 'x-forwarded-for': ip } })
}

test('after ten failures per account and network in 15 minutes, logins get 429 with Retry-After, for known and unknown accounts alike', async () => {
  const server = await start()
  const user = await signUp(server)
  for (let n = 0; n < 10; n++) {
    for (const email of [user.email, 'nobody@example.com']) {
      assert.equal((await attempt(server, email, 'wrong')).status, 401)
    }
  }
  const known = await attempt(server, user.email, PASSWORD)
  const unknown = await attempt(server, 'nobody@example.com', PASSWORD)
  assert.equal(known.status, 429)
  assert.equal(known.text, unknown.text)
  assert.equal(known.body.error.details.code, 'rate_limited')
  const stored = await server.rows(sql`select key from rate_limits`)
  assert.doesNotMatch(JSON.stringify(stored), /@/, 'email addresses are not stored')
  const retryAfter = Number(known.headers.get('retry-after'))
  assert.ok(retryAfter > 890 && retryAfter <= 900, `${retryAfter}`)
  assert.equal((await attempt(server, user.email, PASSWORD, '198.51.100.1')).status, 200, 'another network')
  assert.equal(
    (await attempt(server, user.email.toUpperCase(), PASSWORD)).status,
    429,
    'the same address in upper case',
  )
  server.advanceClock({ seconds: 900 })
  assert.equal((await attempt(server, user.email, PASSWORD)).status, 200)
})

test('a successful login refunds its points', async () => {
  const server = await start()
  const user = await signUp(server)
  for (let n = 0; n < 9; n++) await attempt(server, user.email, 'wrong')
  for (let n = 0; n < 30; n++) assert.equal((await attempt(server, user.email, PASSWORD)).status, 200)
  assert.equal((await attempt(server, user.email, 'wrong')).status, 401)
  assert.equal((await attempt(server, user.email, PASSWORD)).status, 429)
})

test('of 200 concurrent attempts ten are verified: points are taken before the password is checked', async () => {
  const server = await start()
  const user = await signUp(server)
  const answers = await Promise.all(Array.from({ length: 200 }, () => attempt(server, user.email, 'wrong')))
  assert.equal(answers.filter((answer) => answer.status === 401).length, 10)
  // An attempt that found the hashing pool full (503) was not counted.
  for (const { status } of answers) assert.ok([401, 429, 503].includes(status), `${status}`)
  const verified = await server.rows(sql`select id from audit_events where kind = ${'login_failed'}`)
  assert.equal(verified.length, 10)
})

test('one network is stopped after a hundred failures over many accounts; an IPv6 /64 counts as one network', async () => {
  const server = await start()
  for (let n = 0; n < 100; n++) {
    const answer = await attempt(server, `${randomUUID()}@example.com`, 'wrong', `2001:db8:1:2::${n.toString(16)}`)
    assert.equal(answer.status, 401)
  }
  assert.equal((await attempt(server, `${randomUUID()}@example.com`, 'wrong', '2001:db8:1:2:ffff::1')).status, 429)
  assert.equal((await attempt(server, `${randomUUID()}@example.com`, 'wrong', '2001:db8:1:3::1')).status, 401)
})

test('attempts beyond the limit of an account do not count against its network: other users there still get in', async () => {
  const server = await start()
  const neighbour = await signUp(server)
  for (let n = 0; n < 150; n++) await attempt(server, 'nobody@example.com', 'wrong')
  assert.equal((await attempt(server, neighbour.email, PASSWORD)).status, 200)
})

test('attempts rejected because the server is overloaded are not counted', async () => {
  const server = await startServer({ RATE_LIMIT: 'on', BCRYPT_COST: '10' })
  const flood = await Promise.all(
    Array.from({ length: 100 }, () => attempt(server, `${randomUUID()}@example.com`, 'wrong')),
  )
  const busy = flood.filter((answer) => answer.status === 503).length
  assert.ok(busy > 10, `${busy} were rejected`)
  for (let n = 0; n < 5; n++) assert.equal((await attempt(server, `${randomUUID()}@example.com`, 'wrong')).status, 401)
})

test('a network gets sixty sign-ups an hour', async () => {
  const server = await start()
  const ask = () => server.post('/api/v1/users/sign_up', { user: { email: 'x', password: 'x' } })
  for (let n = 0; n < 60; n++) assert.equal((await ask()).status, 422)
  const answer = await ask()
  assert.equal(answer.status, 429)
  assert.ok(Number(answer.headers.get('retry-after')) > 3500)
  server.advanceClock({ seconds: 3600 })
  assert.equal((await ask()).status, 422)
})

test('with RATE_LIMIT=off no attempt is counted', async () => {
  const server = await startServer({ RATE_LIMIT: 'off' })
  for (let n = 0; n < 120; n++) assert.equal((await attempt(server, 'nobody@example.com', 'wrong')).status, 401)
})

test('refreshes, /me and pairs are counted per network in the process, without a database statement', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })
  const from = (ip: string) =>
    limited.post('/api/v1/auth/refresh', { refresh_token: 'x' }, { headers: { 'x-forwarded-for': ip } })
  const statuses = new Map<number, number>()
  for (let batch = 0; batch < 61; batch++) {
    for (const { status } of await Promise.all(Array.from({ length: 100 }, () => from('2001:db8::1')))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  assert.deepEqual(
    [...statuses],
    [
      [401, 6000],
      [429, 100],
    ],
  )
  const refused = await from('2001:db8::ffff')
  assert.equal(refused.status, 429, 'the same /64')
  assert.ok(Number(refused.headers.get('retry-after')) <= 60)
  assert.equal((await from('2001:db8:0:1::1')).status, 401)
  const elsewhere = { headers: { 'x-forwarded-for': '2001:db8::1' } }
  assert.equal((await limited.get('/api/v1/auth/me', elsewhere)).status, 401, 'each endpoint has its own limit')
  assert.equal((await limited.post('/auth/refresh', {}, elsewhere)).status, 422)
  limited.advanceClock({ seconds: 61 })
  assert.equal((await from('2001:db8::1')).status, 401)
  assert.deepEqual(await limited.rows(sql`select key from rate_limits`), [])
})

test('guessing one account from many addresses is stopped, whether the account exists or not; from a known network the user still gets in', async () => {
  const server = await start()
  const user = await signUp(server)
  assert.equal((await attempt(server, user.email, PASSWORD, '192.0.2.200')).status, 200)
  assert.equal((await attempt(server, user.email, PASSWORD, '2001:db8:1:2::1')).status, 200)
  for (const email of [user.email, 'nobody@example.com']) {
    for (let address = 0; address < 100; address++) {
      assert.equal((await attempt(server, email, 'wrong', `203.0.113.${address}`)).status, 401)
    }
  }
  const [known, unknown] = [
    await attempt(server, user.email, PASSWORD, '198.51.100.1'),
    await attempt(server, 'nobody@example.com', PASSWORD, '198.51.100.1'),
  ]
  assert.equal(known.status, 429)
  assert.equal(known.text, unknown.text)
  assert.equal((await attempt(server, user.email, PASSWORD, '192.0.2.200')).status, 200)
  assert.equal((await attempt(server, user.email, PASSWORD, '2001:db8:1:2:ffff::2')).status, 200)
  assert.equal((await attempt(server, user.email, PASSWORD, '2001:db8:1:3::1')).status, 429)
  // From a known network, too, ten failures are the limit.
  for (let n = 0; n < 10; n++) assert.equal((await attempt(server, user.email, 'wrong', '192.0.2.200')).status, 401)
  assert.equal((await attempt(server, user.email, PASSWORD, '192.0.2.200')).status, 429)
})

test('logins in parallel with the right password count no failure, also those that are refused meanwhile', async () => {
  const server = await startServer({ RATE_LIMIT: 'on' })
  const { email } = await signUp(server)
  const attempt = () => server.post('/api/v1/auth/login', { email, password: PASSWORD })
  const answers = await Promise.all(Array.from({ length: 40 }, attempt))
  for (const { status } of answers) assert.ok([200, 429, 503].includes(status), `${status}`)
  for (let n = 0; n < 12; n++) assert.equal((await attempt()).status, 200)
  assert.deepEqual(await server.rows(sql`select key from rate_limits where key like 'login %'`), [])
})

test('a network has as many unknown refresh tokens and pairs in a minute as the settings say, and genuine tokens go on', async () => {
  const server = await startServer({ RATE_LIMIT: 'on', REFRESH_LIMIT: '3', PAIR_LIMIT: '2', REFUSAL_LIMIT: '2' })
  const login = await logInNewUser(server)
  const garbage = () => server.post('/api/v1/auth/refresh', { refresh_token: 'x' })
  const pair = () => server.post('/auth/token', { auth: { user_guid: login.user.guid } })
  const forged = () => server.get('/api/v1/auth/me', { bearer: 'x' })
  const statuses = async (call: () => Promise<{ status: number }>, times: number) => {
    const answers = []
    for (let n = 0; n < times; n++) answers.push((await call()).status)
    return answers
  }
  assert.deepEqual(await statuses(garbage, 4), [401, 401, 401, 429])
  assert.deepEqual(await statuses(pair, 3), [200, 200, 429])
  assert.deepEqual(await statuses(forged, 3), [401, 401, 429])
  assert.equal((await refresh(server, login.refresh_token)).status, 200)
  server.advanceClock({ seconds: 60 })
  assert.equal((await pair()).status, 200)
})
