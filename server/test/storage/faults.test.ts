import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { type DatabaseProxy, startDatabaseProxy } from '../../../harness/database-proxy.ts'
import { createLimiter } from '../../src/auth/limit/limiter.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { databaseLimits } from '../../src/storage/limits/database-limits.ts'
import { startServer } from '../support/server.ts'
import { type ServerProcess, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, openDatabase, temporaryFolder } from '../support/test-database.ts'
import { PASSWORD } from '../support/users.ts'

const skip = !onPostgres && 'a SQLite file has no connection to lose'

async function proxiedDatabase(): Promise<DatabaseProxy> {
  const proxy = await startDatabaseProxy(await emptyDatabaseUrl())
  after(() => proxy.close())
  return proxy
}

async function logInNewUser(server: Pick<ServerProcess, 'post'>) {
  const email = `${randomUUID()}@example.com`
  await server.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  return (await server.post('/api/v1/auth/login', { email, password: PASSWORD })).body
}

test('SIGKILL at random moments of refreshes loses no session of a client that retries and never makes a second successor', async () => {
  const folder = temporaryFolder()
  const environment = {
    DATABASE_URL: onPostgres ? await emptyDatabaseUrl() : 'sqlite:tessera.db',
    JWT_SECRET_KEY: 'kept over restarts',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'warn',
    REFRESH_TOKEN_ROTATION: 'strict',
  }
  const start = () => startProcess({ folder, environment: { ...environment, LOG_LEVEL: 'info' } })
  let server = await start()
  const clients = await Promise.all(Array.from({ length: 8 }, () => logInNewUser(server)))
  let running = true
  let refreshes = 0
  const successors = new Map<string, Set<string>>()

  const client = async (token: string): Promise<string> => {
    let newest = token
    while (running) {
      const key = randomUUID()
      for (let answered = false; !answered; ) {
        const answer = await server
          .post('/api/v1/auth/refresh', { refresh_token: newest }, { 'idempotency-key': key })
          .catch(() => null)
        if (answer === null || answer.status === 503) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          continue
        }
        assert.equal(answer.status, 200, answer.text)
        const known = successors.get(newest) ?? new Set()
        successors.set(newest, known.add(answer.body.refresh_token))
        newest = answer.body.refresh_token
        answered = true
        refreshes++
      }
    }
    return newest
  }
  const all = clients.map((tokens) => client(tokens.refresh_token))
  for (let kill = 0; kill < 5; kill++) {
    const enough = refreshes + 40 + Math.floor(Math.random() * 60)
    while (refreshes < enough) await new Promise((resolve) => setImmediate(resolve))
    await server.end('SIGKILL')
    server = await start()
  }
  running = false
  for (const newest of await Promise.all(all)) {
    assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token: newest })).status, 200)
  }
  for (const known of successors.values()) assert.equal(known.size, 1)
  const db = await openDatabase(onPostgres ? environment.DATABASE_URL : `sqlite:${folder}/tessera.db`)
  const orphans = await db.query(sql`
    select t.id from refresh_tokens t where t.used_at is not null and not exists (
      select 1 from refresh_tokens s where s.session_id = t.session_id and s.generation = t.generation + 1)`)
  assert.equal(orphans.length, 0, 'a used token without a successor')
  const crowded = await db.query(sql`select session_id from refresh_tokens group by session_id having count(*) > 2`)
  assert.equal(crowded.length, 0)
})

test('an unreachable database means 503 with Retry-After and never 401, and no restart is needed afterwards', {
  skip,
}, async () => {
  const proxy = await proxiedDatabase()
  const server = await startServer({ DATABASE_URL: proxy.url, RATE_LIMIT: 'on' })
  const { access_token, refresh_token } = await logInNewUser(server)
  const bearer = access_token
  const pair = (await server.post('/auth/token', { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } })).body
  for (const mode of ['refuse', 'stall'] as const) {
    proxy.mode = mode
    if (mode === 'refuse') proxy.cut()
    const answers = await Promise.all([
      server.get('/api/v1/auth/me', { bearer }),
      server.post('/api/v1/auth/refresh', { refresh_token }),
      server.post('/api/v1/auth/logout', { refresh_token }),
      server.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' }),
      server.post('/api/v1/users/sign_up', { user: { email: 'a@example.com', password: PASSWORD } }),
      server.delete('/api/v1/users/1', { bearer }),
      server.post('/auth/token', { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } }),
      server.post('/auth/refresh', { auth: pair }),
      server.get('/ready'),
    ])
    for (const answer of answers) {
      assert.equal(answer.status, 503, answer.text)
      assert.equal(answer.headers.get('retry-after'), '1')
    }
    assert.equal((await server.get('/health')).status, 200)
    proxy.mode = 'open'
    proxy.cut()
  }
  server.advanceClock({ seconds: 2 })
  assert.equal((await server.get('/ready')).status, 200)
  assert.equal((await server.get('/api/v1/auth/me', { bearer })).status, 200)
  assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token })).status, 200)
  assert.equal((await server.post('/auth/refresh', { auth: pair })).status, 200)
})

test('when the answer to a rotation is lost, the server recognises its own retry', { skip }, async () => {
  const proxy = await proxiedDatabase()
  const server = await startServer({
    DATABASE_URL: proxy.url,
    REFRESH_TOKEN_ROTATION: 'strict',
    REFRESH_REPLAY_WINDOW: '0',
  })
  const request = { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } }
  let pair = (await server.post('/auth/token', request)).body
  let { refresh_token } = await logInNewUser(server)
  for (let round = 0; round < 5; round++) {
    proxy.armFault({ rotation: 1, moment: 'after', manner: 'reset' }) // after the commit
    const paired = await server.post('/auth/refresh', { auth: pair })
    assert.equal(paired.status, 200, paired.text)
    assert.equal(proxy.brokenRotations, 2 * round + 1)
    pair = paired.body
    proxy.armFault({ rotation: 1, moment: 'after', manner: 'reset' })
    const refreshed = await server.post('/api/v1/auth/refresh', { refresh_token })
    assert.equal(refreshed.status, 200, refreshed.text)
    assert.equal(proxy.brokenRotations, 2 * round + 2)
    refresh_token = refreshed.body.refresh_token
  }
})

test('database connections cut at any moment of a refresh lead to 200 or 503 and never to a lost session', {
  skip,
}, async () => {
  const proxy = await proxiedDatabase()
  const server = await startServer({ DATABASE_URL: proxy.url, REFRESH_TOKEN_ROTATION: 'strict' })
  let { refresh_token } = await logInNewUser(server)
  for (let round = 0; round < 60; round++) {
    const headers = { 'idempotency-key': randomUUID() }
    const ask = () => server.post('/api/v1/auth/refresh', { refresh_token }, { headers })
    const refreshing = ask()
    for (let turn = 0; turn < round % 12; turn++) await new Promise((resolve) => setImmediate(resolve))
    proxy.cut()
    let answer = await refreshing
    while (answer.status === 503) answer = await ask()
    assert.equal(answer.status, 200, `round ${round}: ${answer.text}`)
    refresh_token = answer.body.refresh_token
  }
})

test('requests on stalled database connections get 503, and those connections are not used again', {
  skip,
}, async () => {
  const proxy = await proxiedDatabase()
  const server = await startServer({ DATABASE_URL: proxy.url })
  const { access_token: bearer } = await logInNewUser(server)
  const ten = () => Promise.all(Array.from({ length: 10 }, () => server.get('/api/v1/auth/me', { bearer })))
  await ten() // all connections of the pool are open
  proxy.mode = 'stall'
  for (const answer of await ten()) assert.equal(answer.status, 503)
  proxy.mode = 'open' // and the stalled ones are still there
  for (const answer of await ten()) assert.equal(answer.status, 200)
})

test('points that could not be refunded during an outage are refunded after it', { skip }, async () => {
  const proxy = await proxiedDatabase()
  const db = await openDatabase(proxy.url)
  await migrate(db, new Date())
  const limiter = createLimiter(databaseLimits(db), () => new Date())
  const budget = (key: string) => [{ key, points: 10, windowSeconds: 900 }]
  await limiter.take(budget('a'))
  await limiter.take(budget('a'))
  proxy.mode = 'refuse'
  proxy.cut()
  await limiter.refund(budget('a'))
  await assert.rejects(limiter.take(budget('b')), { name: 'Unavailable' })
  proxy.mode = 'open'
  await limiter.take(budget('c'))
  const rows = await db.query<{ key: string; points: number }>(sql`select key, points from rate_limits order by key`)
  assert.deepEqual(
    rows.map(({ key, points }) => [key, points]),
    [
      ['a', 1],
      ['c', 1],
    ],
  )
})

test('while all database connections are busy, requests get 503 quickly, but for those that batches serve', {
  skip,
}, async () => {
  const server = await startServer()
  const { access_token } = await logInNewUser(server)
  const release = Promise.withResolvers<void>()
  // Two of the ten connections are for batches.
  const held = Array.from({ length: 8 }, () => server.ctx.db.transaction(() => release.promise))
  await Promise.all(Array.from({ length: 3 }, () => new Promise((resolve) => setTimeout(resolve, 50))))
  const answer = await server.get('/api/v1/auth/sessions', { bearer: access_token })
  assert.equal(answer.status, 503)
  assert.equal((await server.get('/api/v1/auth/me', { bearer: access_token })).status, 200)
  release.resolve()
  await Promise.all(held)
  assert.equal((await server.get('/api/v1/auth/me', { bearer: access_token })).status, 200)
})
