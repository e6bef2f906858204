import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/reading/config.ts'
import { send, startServer } from '../support/server.ts'

const ORIGIN = 'https://app.example.com'
const server = await startServer({ CORS_ORIGINS: `${ORIGIN},http://localhost:5173` })
const preflight = (origin: string, target = server) =>
  send(
    `${target.url}/api/v1/auth/login`,
    { method: 'OPTIONS' },
    {
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    },
  )

test('a listed origin is echoed exactly, with Vary, on answers and preflights', async () => {
  const answer = await server.post('/api/v1/auth/login', {}, { headers: { origin: ORIGIN } })
  assert.equal(answer.headers.get('access-control-allow-origin'), ORIGIN)
  assert.match(answer.headers.get('vary') ?? '', /Origin/i)
  const asked = await preflight('http://localhost:5173')
  assert.equal(asked.status, 204)
  assert.equal(asked.headers.get('access-control-allow-origin'), 'http://localhost:5173')
  assert.equal(asked.headers.get('access-control-allow-credentials'), 'true')
})

test('an unlisted origin gets no CORS header, and without CORS_ORIGINS no origin does', async () => {
  const closed = await startServer()
  const near = ['https://evil.example', 'null', `${ORIGIN}.evil.example`, 'http://app.example.com', `${ORIGIN}:8443`]
  for (const origin of near) {
    for (const target of [server, closed]) {
      for (const answer of [await preflight(origin, target), await target.get('/health', { headers: { origin } })]) {
        assert.equal(answer.headers.get('access-control-allow-origin'), null, origin)
      }
    }
  }
})

test('every OPTIONS passes the checks of the server, and an unlisted one is an ordinary request', async () => {
  const requests: Record<string, string>[] = [
    {},
    { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    { 'access-control-request-method': 'POST' },
  ]
  for (const headers of requests) {
    const answer = await send(`${server.url}/api/v1/auth/login`, { method: 'OPTIONS' }, { headers })
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.get('allow'), 'POST')
    assert.deepEqual(
      [...answer.headers.keys()].filter((name) => name.startsWith('access-control')),
      [],
    )
  }
  const allowed = await preflight(ORIGIN)
  for (const name of ['x-request-id', 'x-content-type-options', 'content-security-policy', 'referrer-policy'])
    assert.ok(allowed.headers.has(name), name)
  const logged = server.logs.filter((line) => line['msg'] === 'request' && line['method'] === 'OPTIONS')
  assert.ok(logged.length >= requests.length + 1)
  const strict = await startServer({ CORS_ORIGINS: ORIGIN, REQUIRE_HTTPS: 'on', TRUSTED_PROXIES: '10.0.0.1' })
  const refused = await preflight(ORIGIN, strict)
  assert.deepEqual([refused.status, refused.body.error.details.code], [403, 'https_required'])
})

test('a listed origin may send the headers that it asks for', async () => {
  const asked = 'sentry-trace, baggage, traceparent, x-requested-with, x-csrf-token, idempotency-key'
  const headers = { origin: ORIGIN, 'access-control-request-method': 'POST', 'access-control-request-headers': asked }
  const answer = await send(`${server.url}/api/v1/auth/refresh`, { method: 'OPTIONS' }, { headers })
  assert.equal(answer.status, 204)
  assert.equal(answer.headers.get('access-control-allow-headers'), asked)
})

test('origins of apps and extensions can be listed, and origins are read as browsers write them', async () => {
  const listed = 'capacitor://localhost,tauri://localhost,chrome-extension://abcdefgh,HTTPS://App.Example.com:443'
  const own = await startServer({ CORS_ORIGINS: listed })
  for (const origin of ['capacitor://localhost', 'tauri://localhost', 'chrome-extension://abcdefgh', ORIGIN])
    assert.equal((await preflight(origin, own)).headers.get('access-control-allow-origin'), origin)
  for (const origin of ['capacitor://localhost.evil', 'tauri://localhost:1', 'capacitor://'])
    assert.equal((await preflight(origin, own)).headers.get('access-control-allow-origin'), null)
  for (const CORS_ORIGINS of ['*', 'null', 'app.example.com', 'file://', 'https://', 'https://a.example/path', '://x'])
    assert.throws(() => readConfig({ CORS_ORIGINS }), /is not an origin/)
})

const loopback = ['http://localhost:5173', 'http://127.0.0.1:8080', 'https://app.localhost', 'http://[::1]:3001']

test('in development pages of loopback names may call on every port; in production only listed ones', async () => {
  const development = await startServer()
  const production = await startServer({
    NODE_ENV: 'production',
    REQUIRE_HTTPS: 'off',
    JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  })
  for (const origin of loopback) {
    const asked = await preflight(origin, development)
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-origin')], [204, origin])
    assert.equal((await preflight(origin, production)).status, 405)
  }
  for (const origin of ['http://localhost.evil.example', 'file://localhost', 'http://127.0.0.1.nip.io', 'null'])
    assert.equal((await preflight(origin, development)).status, 405, origin)
})

test('in development a cookie login works behind a dev server that rewrites Host', async () => {
  const development = await startServer({ COOKIE_MODE: 'on' })
  const headers = { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-origin' }
  const body = { email: 'admin@example.com', password: 'password123' }
  assert.equal((await development.post('/api/v1/auth/login', body, { headers })).status, 200)
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  assert.equal((await development.post('/api/v1/auth/login', body, { headers: evil })).status, 403)
})
