import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { changePassword } from '../../src/auth/password/change-password.ts'
import { HashPool } from '../../src/crypto/hashing/hash-pool.ts'
import { createPasswords } from '../../src/crypto/hashing/passwords.ts'
import { findUserByEmail } from '../../src/storage/account/users.ts'
import { type ServerProcess, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, openDatabase } from '../support/test-database.ts'
import { PASSWORD } from '../support/users.ts'

const skip = !onPostgres && 'one process serves a SQLite file'
const environment = { RATE_LIMIT: 'off', JWT_SECRET_KEY: 'the secret of two processes', LOG_LEVEL: 'info' }

async function twoProcesses(more: Record<string, string> = {}, imports: string[] = []) {
  const databaseUrl = await emptyDatabaseUrl()
  const options = { environment: { ...environment, ...more, DATABASE_URL: databaseUrl } }
  const servers = [await startProcess(options), await startProcess({ ...options, imports })] as const
  return { servers, db: await openDatabase(databaseUrl) }
}

const two = skip ? null : await twoProcesses()
const strict = skip ? null : await twoProcesses({ REFRESH_TOKEN_ROTATION: 'strict' })

function servers(started = two): readonly [ServerProcess, ServerProcess] {
  assert.ok(started)
  return started.servers
}

/** Sends requests to the servers in turn. */
function alternate<T>(
  targets: readonly ServerProcess[],
  count: number,
  ask: (server: ServerProcess) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => ask(targets[n % targets.length] as ServerProcess)))
}

async function logInNewUser([server]: readonly ServerProcess[]) {
  const email = `${randomUUID()}@example.com`
  const signUp = await server?.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  const answer = await server?.post('/api/v1/auth/login', { email, password: PASSWORD })
  assert.equal(answer?.status, 200)
  return {
    email,
    id: signUp?.body.user.id as number,
    ...(answer?.body as { access_token: string; refresh_token: string }),
  }
}

const refresh = (server: ServerProcess, refresh_token: string, key?: string) =>
  server.post('/api/v1/auth/refresh', { refresh_token }, key === undefined ? {} : { 'idempotency-key': key })

test('fifty concurrent refreshes with one token over two processes get one successor and no error', {
  skip,
}, async () => {
  for (const pair of [two, strict]) {
    const both = servers(pair)
    const first = (await logInNewUser(both)).refresh_token
    const answers = await alternate(both, 50, (server) => refresh(server, first))
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200])
    assert.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1)
  }
})

test('of fifty concurrent refreshes with one pair over two processes one gets a new pair; with one key all get the same', {
  skip,
}, async () => {
  const both = servers()
  const issue = async () =>
    (await both[0].post('/auth/token', { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } })).body
  const pair = await issue()
  const keyless = await alternate(both, 50, (server) => server.post('/auth/refresh', { auth: pair }))
  assert.deepEqual(keyless.map((answer) => answer.status).sort(), [200, ...Array.from({ length: 49 }, () => 401)])
  const other = await issue()
  const key = { 'idempotency-key': randomUUID() }
  const keyed = await alternate(both, 50, (server) => server.post('/auth/refresh', { auth: other }, key))
  assert.equal(new Set(keyed.map((answer) => answer.body.refresh_token)).size, 1)
})

test('refreshes with the first token racing its successor cause no error and no second successor', {
  skip,
}, async () => {
  const both = servers()
  for (let round = 0; round < 30; round++) {
    const first = (await logInNewUser(both)).refresh_token
    const second = (await refresh(both[0], first)).body.refresh_token
    const [answers, successors] = await Promise.all([
      alternate(both, 12, (server) => refresh(server, first)),
      alternate(both, 4, (server) => refresh(server, second)),
    ])
    for (const answer of [...answers, ...successors]) assert.ok([200, 401].includes(answer.status), answer.text)
    const tokens = successors.filter((answer) => answer.status === 200).map((answer) => answer.body.refresh_token)
    assert.ok(new Set(tokens).size <= 1)
    for (const answer of answers) if (answer.status === 200) assert.equal(answer.body.refresh_token, second)
  }
})

test('rotations racing the deletion of their user cause no error and leave nothing', { skip }, async () => {
  const both = servers(strict)
  for (let round = 0; round < 20; round++) {
    const { id, access_token, refresh_token } = await logInNewUser(both)
    const deletion = fetch(`${both[1].url}/api/v1/users/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${access_token}` },
    })
    const [deleted, answers] = await Promise.all([
      deletion,
      alternate(both, 10, (server) => refresh(server, refresh_token)),
    ])
    assert.equal(deleted.status, 204)
    for (const answer of answers) assert.ok([200, 401].includes(answer.status), answer.text)
    for (const answer of answers) {
      if (answer.status === 200) assert.equal((await refresh(both[0], answer.body.refresh_token)).status, 401)
    }
    const rows = await strict?.db.query(sql`select id from refresh_tokens where user_id = ${id}`)
    assert.equal(rows?.length, 0)
  }
})

test('no token works once a logout that races refreshes on two processes is acknowledged', {
  skip,
}, async () => {
  const both = servers(strict)
  for (let round = 0; round < 200; round++) {
    const { refresh_token } = await logInNewUser(both)
    const [out, answers] = await Promise.all([
      both[1].post('/api/v1/auth/logout', { refresh_token }),
      alternate(both, 3, (server) => refresh(server, refresh_token)),
    ])
    assert.equal(out.status, 200)
    for (const answer of answers) {
      if (answer.status !== 200) continue
      assert.equal((await both[0].get('/api/v1/auth/me', answer.body.access_token)).status, 401)
      assert.equal((await refresh(both[1], answer.body.refresh_token)).status, 401)
    }
  }
})

test('two hundred logins racing a password change leave no session opened with the old password', {
  skip,
}, async () => {
  const both = servers()
  assert.ok(two)
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 10 })
  const ctx = { db: two.db, passwords: createPasswords(pool, { algorithm: 'bcrypt', cost: 4 }), now: () => new Date() }
  for (let round = 0; round < 10; round++) {
    const { email } = await logInNewUser(both)
    const user = await findUserByEmail(two.db, email)
    assert.ok(user)
    const [answers, changed] = await Promise.all([
      alternate(both, 20, (server) => server.post('/api/v1/auth/login', { email, password: PASSWORD })),
      changePassword(ctx, { user, password: 'another password', origin: { ip: '127.0.0.1', userAgent: null } }),
    ])
    assert.equal(changed, true)
    for (const answer of answers) {
      assert.ok([200, 401].includes(answer.status), answer.text)
      if (answer.status === 200)
        assert.equal((await both[0].get('/api/v1/auth/me', answer.body.access_token)).status, 401)
    }
  }
  await pool.close()
})

test('a logout and a changed role take effect on the other process at once', { skip }, async () => {
  const both = servers()
  const { id, access_token, refresh_token } = await logInNewUser(both)
  await two?.db.query(sql`update users set role = ${'admin'} where id = ${id} returning id`)
  assert.equal((await both[1].get('/api/v1/auth/me', access_token)).body.user.role, 'admin')
  assert.equal((await both[0].post('/api/v1/auth/logout', { refresh_token })).status, 200)
  assert.equal((await both[1].get('/api/v1/auth/me', access_token)).status, 401)
})

test('replicas share the login limit', { skip }, async () => {
  const limited = await twoProcesses({ RATE_LIMIT: 'on' })
  const answers: Awaited<ReturnType<ServerProcess['post']>>[] = []
  // In rounds: forty at once may wait longer for a database connection than a request does.
  for (let round = 0; round < 5; round++)
    answers.push(
      ...(await alternate(limited.servers, 8, (server) =>
        server.post('/api/v1/auth/login', { email: 'nobody@example.com', password: 'wrong' }),
      )),
    )
  assert.equal(answers.filter((answer) => answer.status === 401).length, 10)
  assert.equal(answers.filter((answer) => answer.status === 429).length, 30)
})

test('two tabs are not taken for a theft by replicas whose clocks are half a minute apart', { skip }, async () => {
  const skewed = await twoProcesses({ REFRESH_TOKEN_ROTATION: 'strict' }, [
    join(import.meta.dirname, '../../../harness/late-clock.ts'),
  ])
  for (const [one, other] of [skewed.servers, [...skewed.servers].reverse()] as [ServerProcess, ServerProcess][]) {
    const first = (await logInNewUser([one])).refresh_token
    const successor = (await refresh(one, first)).body.refresh_token
    const twin = await refresh(other, first)
    assert.equal(twin.status, 200)
    assert.equal(twin.body.refresh_token, successor)
    assert.equal((await other.get('/api/v1/auth/me', twin.body.access_token)).status, 200)
    assert.equal((await one.get('/api/v1/auth/me', twin.body.access_token)).status, 200)
  }
})

test('none of these tests caused a deadlock', { skip }, () => {
  for (const server of [...servers(two), ...servers(strict)])
    assert.doesNotMatch(server.output(), /transient database error/)
})
