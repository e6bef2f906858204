import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import sql from 'sql-template-tag'
import { endProcess, spawnTessera } from '../../../harness/launch-tessera.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, openDatabase, temporaryFolder } from '../support/test-database.ts'

const LOGIN = { email: 'admin@example.com', password: 'password123' }

/** The database setting for this run of the suite: none for SQLite, which is the default. */
async function databaseSetting(): Promise<Record<string, string>> {
  return onPostgres ? { DATABASE_URL: await emptyDatabaseUrl() } : {}
}

test('a stopping server first says so at /ready, and answers on new connections until the delay is over', async () => {
  const environment = { ...(await databaseSetting()), SHUTDOWN_DELAY: '2s', RATE_LIMIT: 'off' }
  const server = await startProcess({ environment })
  const { access_token } = (await server.post('/api/v1/auth/login', LOGIN)).body
  let isStopped = false
  const stopped = server.end('SIGTERM').then((code) => {
    isStopped = true
    return code
  })
  while ((await server.get('/ready')).status === 200);
  const since = performance.now()
  const notReady = await server.get('/ready')
  assert.deepEqual([notReady.status, notReady.body.error.details.code], [503, 'stopping'])
  assert.equal((await server.get('/health')).status, 200)
  let answered = 0
  while (!isStopped) {
    const answer = await server.get('/api/v1/auth/me', access_token).catch((error: Error) => error.cause)
    if (answer instanceof Error) {
      assert.ok(performance.now() - since > 1500, `${answer}`)
      break
    }
    assert.deepEqual([(answer as { status: number }).status], [200])
    answered++
  }
  assert.ok(answered > 0)
  assert.ok(performance.now() - since > 1500)
  assert.equal(await stopped, 0)
})

for (const signal of ['SIGQUIT', 'SIGUSR2'] as const)
  test(`${signal} finishes running requests, as SIGTERM does`, async () => {
    const environment = { ...(await databaseSetting()), PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '12' }
    const server = await startProcess({ environment })
    await Promise.all(Array.from({ length: 2 }, () => server.get('/health'))) // open connections
    const underWay = [server.post('/api/v1/auth/login', LOGIN), server.post('/api/v1/auth/login', LOGIN)]
    const code = server.end(signal)
    for (const answer of await Promise.all(underWay)) assert.equal(answer.status, 200)
    assert.equal(await code, 0)
  })

test('SIGHUP ends nothing: requests under way are answered, and the server continues', async () => {
  const environment = { ...(await databaseSetting()), PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '12' }
  const server = await startProcess({ environment })
  const underWay = server.post('/api/v1/auth/login', LOGIN)
  process.kill(server.pid, 'SIGHUP')
  assert.equal((await underWay).status, 200)
  assert.equal((await server.get('/ready')).status, 200)
  assert.match(server.output(), /SIGHUP: files of certificates and keys are read again/)
  assert.equal(await server.end('SIGTERM'), 0)
})

test('SIGHUP ends no process of several, and SIGQUIT ends all of them', {
  skip: !onPostgres && 'needs PostgreSQL',
}, async () => {
  const server = await startProcess({ environment: { ...(await databaseSetting()), WEB_CONCURRENCY: '2' } })
  process.kill(server.pid, 'SIGHUP')
  while ((server.output().match(/SIGHUP/g)?.length ?? 0) < 1) await sleep(20)
  assert.equal((await server.get('/ready')).status, 200)
  assert.doesNotMatch(server.output(), /a process died/)
  assert.equal(await server.end('SIGQUIT'), 0)
})

test('a server that waits to migrate can be stopped', { skip: !onPostgres && 'SQLite has one writer' }, async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const db = await openDatabase(databaseUrl)
  await migrate(db, new Date())
  await db.query(sql`delete from migrations where name like '0003%' returning name`)
  const ended = db.transaction(async (tx) => {
    await tx.script('set local idle_in_transaction_session_timeout = 0; lock table refresh_tokens')
    const environment = { DATABASE_URL: databaseUrl, PORT: '0' }
    const { child, output } = spawnTessera(['start'], { folder: temporaryFolder(), environment })
    while (!/waits for the locks/.test(output())) await sleep(20)
    return endProcess(child, 'SIGTERM')
  })
  assert.equal(await ended, 0)
})

test('a stop refuses passwords that still wait for a thread, finishes the others, and resets no connection', async () => {
  const environment = {
    ...(await databaseSetting()),
    PASSWORD_HASH: 'bcrypt',
    BCRYPT_COST: '13',
    RATE_LIMIT: 'off',
  }
  const server = await startProcess({ environment })
  const user = { email: 'ann@example.com', password: 'a correct horse' } // demo users have cheap digests
  assert.equal((await server.post('/api/v1/users/sign_up', { user })).status, 200)
  const underWay = Array.from({ length: 48 }, () => server.post('/api/v1/auth/login', user))
  await Promise.race(underWay) // the pool is at work
  const since = performance.now()
  const code = server.end('SIGTERM')
  const statuses = (await Promise.all(underWay)).map(({ status }) => status)
  assert.equal(await code, 0)
  assert.ok(statuses.filter((status) => status === 503).length > 10, String(statuses))
  assert.deepEqual(new Set(statuses), new Set([200, 503]))
  assert.ok(performance.now() - since < 10_000)
})

test('a login that comes in the moment in which a stop closes the port is answered like those before it', async () => {
  const environment = { ...(await databaseSetting()), SHUTDOWN_DELAY: '1s', RATE_LIMIT: 'off', BCRYPT_COST: '4' }
  const server = await startProcess({ environment })
  assert.equal((await server.post('/api/v1/auth/login', LOGIN)).status, 200)
  const code = server.end('SIGTERM')
  const statuses: number[] = []
  const logInUntilRefused = async () => {
    for (;;) {
      const answer = await server.post('/api/v1/auth/login', LOGIN).catch(() => null) // the port is closed
      if (answer === null) return
      statuses.push(answer.status)
    }
  }
  await Promise.all(Array.from({ length: 4 }, logInUntilRefused))
  assert.equal(await code, 0)
  assert.ok(statuses.length > 4)
  assert.deepEqual(new Set(statuses), new Set([200]))
})
