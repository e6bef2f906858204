import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { REDIS_URL, noRedis as skip } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logInNewUser, PASSWORD, refresh } from '../support/users.ts'

/** A network that only this run uses: Redis keeps its counts between runs. */
const ADDRESS = `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`

const attempt = (server: TestServer, email: string, password: string) =>
  server.post('/api/v1/auth/login', { email, password }, { headers: { 'x-forwarded-for': ADDRESS } })

test('two servers share the limit through Redis; a successful login refunds its point', { skip }, async () => {
  const settings = { RATE_LIMIT: 'on', REDIS_URL, TRUSTED_PROXIES: '127.0.0.1' }
  const one = await startServer(settings)
  const other = await startServer(settings)
  const email = `${randomUUID()}@example.com`
  await one.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  for (let n = 0; n < 20; n++) assert.equal((await attempt(one, email, PASSWORD)).status, 200)
  const wrong = await Promise.all(Array.from({ length: 30 }, (_, n) => attempt(n % 2 ? one : other, email, 'wrong')))
  assert.ok(wrong.filter((answer) => answer.status === 401).length <= 10)
  const limited = wrong.find((answer) => answer.status === 429)
  assert.ok(Number(limited?.headers.get('retry-after')) > 800)
})

test('while Redis is unreachable, a login gets 503 and never succeeds, and no refresh fails', async () => {
  const server = await startServer({ RATE_LIMIT: 'off' })
  const { refresh_token } = await logInNewUser(server)
  const dead = await startServer({
    DATABASE_URL: server.databaseUrl,
    RATE_LIMIT: 'on',
    REDIS_URL: 'redis://127.0.0.1:1',
  })
  const answer = await attempt(dead, 'admin@example.com', 'password123')
  assert.equal(answer.status, 503)
  assert.equal((await refresh(dead, refresh_token)).status, 200)
})
