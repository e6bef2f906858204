import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnTessera, untilListening } from '../../../harness/launch-tessera.ts'
import { TcpProxy } from '../../../harness/tcp-proxy.ts'
import { startServer } from '../support/server.ts'
import { emptyDatabaseUrl, onPostgres, temporaryFolder } from '../support/test-database.ts'

const skip = !onPostgres && 'of PostgreSQL'

test('a production server waits for a database that is away at its start, and then serves', { skip }, async () => {
  const url = new URL(await emptyDatabaseUrl())
  const proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).listen()
  after(() => proxy.close())
  proxy.mode = 'refuse'
  url.port = String(proxy.port)
  const secrets = { JWT_SECRET_KEY: randomBytes(64).toString('hex') }
  const environment = { NODE_ENV: 'production', REQUIRE_HTTPS: 'off', HOST: '127.0.0.1', PORT: '0', ...secrets }
  const launched = spawnTessera(['start'], {
    folder: temporaryFolder(),
    environment: { ...environment, DATABASE_URL: url.href },
  })
  after(() => launched.child.kill('SIGKILL'))
  while (!/waiting for the database/.test(launched.output())) await sleep(20)
  proxy.mode = 'open'
  await untilListening(launched)
})

test('an outage of the database writes one line a second about it, with the number of those left out', {
  skip,
}, async () => {
  const url = new URL(await emptyDatabaseUrl())
  const proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).listen()
  after(() => proxy.close())
  url.port = String(proxy.port)
  const server = await startServer({ DATABASE_URL: url.href })
  const login = { email: 'admin@example.com', password: 'password123' }
  const { access_token: bearer } = (await server.post('/api/v1/auth/login', login)).body
  proxy.mode = 'refuse'
  proxy.cut()
  const since = performance.now()
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.get('/api/v1/auth/me', { bearer })))
    for (const { status } of answers) assert.equal(status, 503)
  }
  const seconds = Math.ceil((performance.now() - since) / 1000)
  const lines = server.logs.filter(({ msg }) => /the database is unavailable/.test(String(msg)))
  assert.ok(lines.length >= 1 && lines.length <= seconds + 1, `${lines.length} lines in ${seconds} s`)
})
