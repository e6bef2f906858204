import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { TcpProxy } from '../../../harness/tcp-proxy.ts'
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

test('while Redis is unreachable, logins are counted in the database, with one error line, and no refresh fails', async () => {
  const server = await startServer({
    RATE_LIMIT: 'on',
    REDIS_URL: 'redis://127.0.0.1:1',
    TRUSTED_PROXIES: '127.0.0.1',
  })
  const { user, refresh_token } = await logInNewUser(server)
  assert.equal((await refresh(server, refresh_token)).status, 200)
  const wrong = []
  for (let n = 0; n < 12; n++) wrong.push((await attempt(server, user.email, 'wrong')).status)
  assert.deepEqual(wrong, [...Array(10).fill(401), 429, 429])
  const errors = server.logs.filter(({ level }) => level === 50)
  assert.equal(errors.length, 1)
  assert.match(String(errors[0]?.['msg']), /^Redis is away: logins and sign-ups are counted in the database/)
})

test('when Redis is back, it counts again', { skip }, async () => {
  const { hostname, port } = new URL(REDIS_URL)
  const proxy = await new TcpProxy({ host: hostname, port: Number(port || 6379) }).listen()
  after(() => proxy.close())
  const server = await startServer({ RATE_LIMIT: 'on', REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  const { user } = await logInNewUser(server)
  const logInAgain = async () =>
    (await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD })).status
  proxy.mode = 'refuse'
  proxy.cut()
  assert.equal(await logInAgain(), 200)
  assert.ok(server.logs.some(({ msg }) => /^Redis is away/.test(String(msg))))
  proxy.mode = 'open'
  const isBack = () => server.logs.some(({ msg }) => /^Redis is back/.test(String(msg)))
  while (!isBack()) assert.equal(await logInAgain(), 200)
})
