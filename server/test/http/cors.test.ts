import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, startServer } from '../support/server.ts'

const ORIGIN = 'https://app.example.com'
const server = await startServer({ CORS_ORIGINS: `${ORIGIN},http://localhost:5173` })
const preflight = (origin: string, own = server) =>
  send(
    `${own.url}/api/v1/auth/login`,
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

test('an unlisted origin gets no CORS header, and without CORS_ORIGINS nobody does', async () => {
  const closed = await startServer()
  const near = ['https://evil.example', 'null', `${ORIGIN}.evil.example`, 'http://app.example.com', `${ORIGIN}:8443`]
  for (const origin of near) {
    for (const own of [server, closed]) {
      for (const answer of [await preflight(origin, own), await own.get('/health', { headers: { origin } })]) {
        assert.equal(answer.headers.get('access-control-allow-origin'), null, origin)
      }
    }
  }
})
