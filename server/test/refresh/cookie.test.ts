import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { ADMIN, FIELDS_BESIDE_COOKIE, me, PASSWORD, signUp } from '../support/users.ts'

const PRODUCTION = {
  NODE_ENV: 'production',
  REQUIRE_HTTPS: 'off',
  HOST: '127.0.0.1',
  JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
}
const NAME = '__Host-tessera_refresh'
const ATTRIBUTES = '; Path=/; HttpOnly; Secure; SameSite=Strict'

/** Reads the refresh cookie that an answer sets, split into value and attributes. A login also sets a device token. */
function readSetCookie(answer: Answer): { value: string; attributes: string } {
  const cookies = answer.headers.getSetCookie().filter((cookie) => !cookie.startsWith('__Host-tessera_device='))
  const [first = '', ...more] = cookies
  assert.equal(more.length, 0)
  const [pair = '', ...attributes] = first.split('; ')
  assert.equal(pair.split('=')[0], NAME)
  return { value: pair.slice(NAME.length + 1), attributes: attributes.map((attribute) => `; ${attribute}`).join('') }
}

/** The cookie's token without its attempt. */
const bareToken = (value: string) => value.split('.')[0] ?? ''

async function logInWithCookie(server: TestServer, headers: Record<string, string> = {}) {
  const { email } = await signUp(server)
  const answer = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true }, { headers })
  assert.equal(answer.status, 200, answer.text)
  return { answer, token: readSetCookie(answer).value }
}

function post(
  server: TestServer,
  path: string,
  token: string,
  headers: Record<string, string> = {},
  body: unknown = {},
) {
  return server.post(`/api/v1/auth/${path}`, body, { headers: { cookie: `other=1; ${NAME}=${token}`, ...headers } })
}

test('a login that asks for a cookie gets its refresh token in the cookie and never in a body, and so do its refreshes', async () => {
  const server = await startServer()
  const { answer, token } = await logInWithCookie(server)
  assert.deepEqual(Object.keys(answer.body), ['user', ...FIELDS_BESIDE_COOKIE])
  assert.equal(readSetCookie(answer).attributes, `; Max-Age=604800${ATTRIBUTES}`)
  server.advanceClock({ seconds: 31 })
  const refreshed = await post(server, 'refresh', token)
  assert.equal(refreshed.status, 200, refreshed.text)
  assert.deepEqual(Object.keys(refreshed.body), FIELDS_BESIDE_COOKIE)
  assert.equal(readSetCookie(refreshed).attributes, `; Max-Age=604800${ATTRIBUTES}`)
  assert.notEqual(readSetCookie(refreshed).value, token)
  assert.equal((await me(server, refreshed.body.access_token)).status, 200)
  assert.equal(refreshed.headers.get('cache-control'), 'no-store')
})

test('a logout clears the cookie with the attributes it was set with, even if the session has ended', async () => {
  const server = await startServer()
  const { answer, token } = await logInWithCookie(server)
  for (const status of [200, 401]) {
    const logout = await post(server, 'logout', token)
    assert.equal(logout.status, status)
    assert.deepEqual(readSetCookie(logout), { value: '', attributes: `; Max-Age=0${ATTRIBUTES}` })
  }
  assert.equal((await me(server, answer.body.access_token)).status, 401)
  const refused = await post(server, 'refresh', token)
  assert.equal(refused.status, 401)
  assert.deepEqual(refused.headers.getSetCookie(), [], 'a late 401 must not take the cookie of a newer login')
})

test('with COOKIE_MODE=on every login gets its refresh token in a cookie', async () => {
  const server = await startServer({ COOKIE_MODE: 'on' })
  const { email } = await signUp(server)
  const login = await server.post('/api/v1/auth/login', { email, password: PASSWORD })
  assert.deepEqual(Object.keys(login.body), ['user', ...FIELDS_BESIDE_COOKIE])
  assert.match(readSetCookie(login).value, /^[\w-]{86}\.[\w-]{43}$/)
})

test('all tabs that share a cookie succeed, at once, in turn and late; the chain rotates once per window', async () => {
  const server = await startServer()
  let { token } = await logInWithCookie(server)
  const generations = async () => {
    const rows = await server.rows<{ generation: number }>(
      sql`select generation from refresh_tokens order by generation`,
    )
    return rows.map(({ generation }) => generation)
  }
  for (let round = 1; round <= 3; round++) {
    server.advanceClock({ seconds: 31 })
    const late = token
    const twins = await Promise.all(Array.from({ length: 6 }, () => post(server, 'refresh', token)))
    const values = twins.map((twin) => readSetCookie(twin).value)
    assert.equal(new Set(values.map(bareToken)).size, 1)
    assert.equal(new Set(values).size, twins.length, 'an attempt for each answer')
    token = values[0] ?? ''
    // Each tab continues to refresh, and one of the first requests arrives last.
    for (let again = 0; again < 3; again++) {
      const kept = await post(server, 'refresh', token)
      assert.equal(kept.status, 200)
      assert.deepEqual(kept.headers.getSetCookie(), [])
    }
    server.advanceClock({ seconds: 29 })
    assert.equal(bareToken(readSetCookie(await post(server, 'refresh', late)).value), bareToken(token))
    assert.deepEqual(await generations(), [round - 1, round])
  }
})

test('answers of two tabs that arrive out of order leave the newer token in the browser', async () => {
  const server = await startServer()
  const { token } = await logInWithCookie(server)
  let stored = token
  const store = (answer: Answer) => {
    if (answer.headers.getSetCookie().length > 0) stored = readSetCookie(answer).value
  }
  server.advanceClock({ seconds: 25 })
  const kept = await post(server, 'refresh', stored)
  server.advanceClock({ seconds: 6 })
  store(await post(server, 'refresh', stored))
  store(kept)
  server.advanceClock({ seconds: 600 })
  assert.equal((await post(server, 'refresh', stored)).status, 200)
})

test('a cookie thief is detected: the session ends when thief and owner have refreshed more than a window apart', async () => {
  const server = await startServer()
  const { token: stolen } = await logInWithCookie(server)
  server.advanceClock({ seconds: 31 })
  const owner = readSetCookie(await post(server, 'refresh', stolen)).value
  server.advanceClock({ seconds: 31 })
  assert.equal((await post(server, 'refresh', bareToken(stolen))).status, 401)
  assert.equal((await post(server, 'refresh', owner)).status, 401)
  const mails = await server.rows(sql`select kind from outbox`)
  assert.deepEqual(
    mails.map((mail) => ({ ...mail })),
    [{ kind: 'refresh_token_reused' }],
  )
})

test('a page of another site is refused and uses no token up; listed origins, the server’s own and clients without an origin are served', async () => {
  // Development allows all pages of this machine.
  const server = await startServer({ ...PRODUCTION, CORS_ORIGINS: 'http://app.localhost:5173' })
  const ownOrigin = new URL(server.url).origin
  const { answer, token } = await logInWithCookie(server)
  const refused: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: ownOrigin, 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://localhost:9999', 'sec-fetch-site': 'same-site' },
    { origin: 'http://app.localhost:5174', 'sec-fetch-site': 'same-site' },
    { origin: `${ownOrigin}.evil.example` },
    { origin: ownOrigin.replace('http:', 'https:') },
    { origin: ownOrigin.replace('http:', 'ftp:') },
    { origin: ownOrigin.replace('http:', 'javascript:') },
    { origin: 'null', 'sec-fetch-site': 'same-site' },
    { origin: ownOrigin, 'x-forwarded-host': 'evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' },
  ]
  server.advanceClock({ seconds: 31 })
  for (const headers of refused) {
    for (const path of ['refresh', 'logout']) {
      const { status, body, headers: answered } = await post(server, path, token, headers)
      assert.deepEqual([status, body.error.details.code], [403, 'cross_site'], JSON.stringify(headers))
      assert.deepEqual(body.error.details.expected_origins, [ownOrigin])
      assert.deepEqual(answered.getSetCookie(), [])
    }
    const login = await server.post('/api/v1/auth/login', { email: 'a', password: 'b', cookie: true }, { headers })
    assert.equal(login.status, 403)
  }
  assert.equal((await me(server, answer.body.access_token)).status, 200)
  const allowed: Record<string, string>[] = [
    {},
    { origin: ownOrigin, 'sec-fetch-site': 'same-origin' },
    { origin: 'http://app.localhost:5173', 'sec-fetch-site': 'same-site' },
    { origin: ownOrigin },
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
  ]
  for (const headers of allowed) assert.equal((await post(server, 'refresh', token, headers)).status, 200)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    assert.equal((await post(server, 'refresh', token, { 'content-type': type }, 'a=b')).status, 415)
  }
})

test('behind a proxy, this site is the host that the proxy was asked for, and PUBLIC_URL', async () => {
  const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: 'https://id.acme.example/start' })
  const status = async (headers: Record<string, string>) => {
    const body = { email: ADMIN.email, password: ADMIN.password, cookie: true }
    return (await server.post('/api/v1/auth/login', body, { headers })).status
  }
  const https = { 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin' }
  assert.equal(await status({ ...https, origin: 'https://id.acme.example' }), 200)
  assert.equal(await status({ ...https, origin: 'https://auth.acme.example' }), 403)
  for (const host of ['auth.acme.example', 'auth.acme.example:443', 'AUTH.acme.example'])
    assert.equal(await status({ ...https, origin: 'https://auth.acme.example', 'x-forwarded-host': host }), 200, host)
  for (const host of ['auth.acme.example:8443', 'evil.example, auth.acme.example', 'auth.acme.example.evil.example'])
    assert.equal(await status({ ...https, origin: 'https://auth.acme.example', 'x-forwarded-host': host }), 403, host)
  const plain = { 'x-forwarded-host': 'auth.acme.example', origin: 'https://auth.acme.example' }
  assert.equal(await status(plain), 403, 'another scheme')
})

test('a token in the body comes first, and without either the field is missing', async () => {
  const server = await startServer()
  const { token } = await logInWithCookie(server)
  assert.equal((await post(server, 'refresh', token, {}, { refresh_token: 'x' })).status, 401)
  const missing = await server.post('/api/v1/auth/refresh', {})
  assert.deepEqual([missing.status, missing.body.error.details], [422, { refresh_token: ["can't be blank"] }])
  const login = await server.post('/api/v1/auth/login', { email: 'a', password: 'b', cookie: 'yes' })
  assert.deepEqual(login.body.error.details, { cookie: ['must be true or false'] })
})

test('a token refreshes only in the way it was issued, and the other way uses nothing up; a logout takes either', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const { token: inCookie } = await logInWithCookie(server)
  const { email } = await signUp(server)
  const inBody = (await server.post('/api/v1/auth/login', { email, password: PASSWORD })).body.refresh_token
  server.advanceClock({ seconds: 31 })
  const asBody = (token: string) => server.post('/api/v1/auth/refresh', { refresh_token: token })
  for (const answer of [await asBody(inCookie), await post(server, 'refresh', inBody)]) {
    assert.equal(answer.status, 401)
    assert.equal(answer.body.error.message, 'Invalid refresh token')
    assert.deepEqual(answer.headers.getSetCookie(), [])
  }
  const [next, successor] = [await post(server, 'refresh', inCookie), await asBody(inBody)]
  assert.deepEqual([next.status, successor.status], [200, 200])
  // Spent tokens, presented the other way, end nothing either.
  server.advanceClock({ seconds: 31 })
  for (const answer of [await asBody(inCookie), await post(server, 'refresh', inBody)]) assert.equal(answer.status, 401)
  assert.equal((await asBody(successor.body.refresh_token)).status, 200)
  assert.equal((await post(server, 'logout', inBody)).status, 200)
  assert.equal((await server.post('/api/v1/auth/logout', { refresh_token: inCookie })).status, 200)
})

test('a login with a cookie ends the session of the cookie that it replaces, and no other', async () => {
  const server = await startServer()
  const { answer: first, token } = await logInWithCookie(server)
  const { token: elsewhere } = await logInWithCookie(server)
  const user = await signUp(server)
  const body = { email: user.email, password: PASSWORD, cookie: true }
  const wrong = { ...body, password: 'wrong password' }
  const cookie = { cookie: `${NAME}=${token}` }
  assert.equal((await server.post('/api/v1/auth/login', wrong, { headers: cookie })).status, 401)
  assert.equal((await me(server, first.body.access_token)).status, 200, 'a refused login replaces nothing')
  const second = await server.post('/api/v1/auth/login', body, { headers: cookie })
  assert.equal(second.status, 200)
  assert.equal((await me(server, first.body.access_token)).status, 401)
  assert.equal((await me(server, second.body.access_token)).status, 200)
  server.advanceClock({ seconds: 31 })
  assert.equal((await post(server, 'refresh', token)).status, 401)
  assert.equal((await post(server, 'refresh', elsewhere)).status, 200)
  const ended = await server.rows<{ revoke_reason: string }>(
    sql`select revoke_reason from sessions where revoked_at is not null`,
  )
  assert.deepEqual(
    ended.map((session) => session.revoke_reason),
    ['displaced'],
  )
  for (const value of ['', 'x', '%00', readSetCookie(second).value.slice(0, -1)])
    assert.equal(
      (await server.post('/api/v1/auth/login', body, { headers: { cookie: `${NAME}=${value}` } })).status,
      200,
    )
})

test('malformed cookies are answered as invalid or missing tokens and never with 500', async () => {
  const server = await startServer()
  const odd = [
    '',
    '%',
    '%00',
    '"',
    '"x"',
    'a b',
    ';',
    '=',
    'é',
    '\u0001',
    'x'.repeat(4000),
    '__proto__',
    `${NAME}=${NAME}`,
  ]
  for (const value of odd.filter((each) => !/[^\x20-\xff]/.test(each))) {
    const { status } = await post(server, 'refresh', value)
    assert.ok([401, 422].includes(status), `${value}: ${status}`)
  }
})
