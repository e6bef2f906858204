import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startDatabaseProxy } from '../../../harness/database-proxy.ts'
import { retireKey } from '../../src/auth/keys/change-keys.ts'
import { MAX_HELD, RevocationFeed } from '../../src/auth/revocation/revocation-feed.ts'
import { decodeHeader, list as listKeys, publishedKeys, startReplicas } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startProcess } from '../support/server-process.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { emptyDatabaseUrl, onPostgres } from '../support/test-database.ts'
import { logInNewUser, logOut, me } from '../support/users.ts'
import { FEED, hashesOf, readFeed, readNow, SERVICE, SERVICE_KEY, SERVICE_KEYS, sidHash } from './feed.ts'

const origin = { ip: null, userAgent: 'a test' }

/** Holds a question, and says whether it was answered. */
function hold(server: Pick<TestServer, 'get'>, cursor: string, wait = '25') {
  const held = { isAnswered: false, answer: readFeed(server, `?after=${cursor}&wait=${wait}`, SERVICE) }
  held.answer.then(
    () => {
      held.isAnswered = true
    },
    () => {},
  )
  return held
}

test('a question with a service key is held until there is news, and one without is answered at once', async () => {
  const server = await startServer({ SERVICE_KEYS })
  const login = await logInNewUser(server)
  const { cursor } = await readNow(server)
  const held = [hold(server, cursor), hold(server, cursor)]
  for (const options of [{}, { bearer: 'an-unknown-key' }, { bearer: 'a-key-of-another-service' }])
    assert.deepEqual(hashesOf(await readFeed(server, `?after=${cursor}&wait=25`, options)), [])
  for (const wait of ['0', '-1', 'x', '1e3', '25&wait=25', '', '99999'])
    assert.deepEqual(hashesOf(await readFeed(server, `?after=${cursor}&wait=${wait}`, SERVICE)), [])
  assert.ok(held.every(({ isAnswered }) => !isAnswered))
  await logOut(server, login.refresh_token)
  for (const { answer } of held) assert.deepEqual(hashesOf(await answer), [sidHash(login)])
  assert.deepEqual(hashesOf(await readFeed(server, '?wait=25', SERVICE)), [sidHash(login)], 'the first is not held')
})

test('a question that is held for a second without news is answered with the same list', async () => {
  const server = await startServer({ SERVICE_KEYS })
  const { cursor } = await readNow(server)
  const { sessions, reset } = await readFeed(server, `?after=${cursor}&wait=1`, SERVICE)
  assert.deepEqual([sessions, reset], [[], false])
})

test('a server that closes answers the questions that it holds', async () => {
  const server = await startServer({ SERVICE_KEYS })
  const { cursor } = await readNow(server)
  const held = hold(server, cursor)
  await readFeed(server, `?after=${cursor}`)
  await server.close()
  assert.deepEqual(hashesOf(await held.answer), [])
})

test('SIGTERM answers a held question at once, and the process ends', async () => {
  const environment = { SERVICE_KEYS, DATABASE_URL: await emptyDatabaseUrl(), SHUTDOWN_DELAY: '0' }
  const server = await startProcess({ environment })
  const { cursor } = (await server.get(FEED)).body
  const held = server.get(`${FEED}?after=${cursor}&wait=30`, SERVICE_KEY)
  await server.get(`${FEED}?after=${cursor}`, SERVICE_KEY)
  const since = performance.now()
  const [answer, code] = await Promise.all([held, server.end('SIGTERM')])
  assert.deepEqual([answer.status, code], [200, 0])
  assert.ok(performance.now() - since < 15_000, 'not after thirty seconds')
})

test('two thousand questions are held at most; one more is answered at once', async () => {
  const { ctx } = await startServer()
  const feed = new RevocationFeed(ctx, {
    accessTokenLifetimeSeconds: 900,
    signer: () => null,
    onKeyRefused: async () => {},
  })
  await feed.read()
  const { cursor } = JSON.parse((await feed.answer(null)).text)
  const gone = new AbortController()
  let answered = 0
  const wait = () =>
    feed.wait(cursor, 25, gone.signal).then(() => {
      answered += 1
    })
  const waiting = Array.from({ length: MAX_HELD }, wait)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([MAX_HELD, answered], [2000, 0])
  await wait()
  assert.equal(answered, 1)
  gone.abort()
  await Promise.all(waiting)
  const left = wait()
  feed.close()
  await left
  await wait()
})

test('REVOCATIONS=service answers services with the scope only, and off answers as if there were no such path', async () => {
  const service = await startServer({ REVOCATIONS: 'service', SERVICE_KEYS })
  assert.equal((await service.get(FEED)).status, 401)
  assert.equal((await service.get(FEED, { bearer: 'a-key-of-another-service' })).status, 403)
  assert.equal((await service.get(FEED, SERVICE)).status, 200)
  const off = await startServer({ REVOCATIONS: 'off', SERVICE_KEYS })
  const answer = await off.get(FEED, SERVICE)
  assert.deepEqual([answer.status, answer.body.error.details.hint], [404, 'REVOCATIONS is off'])
})

test('a server with REVOCATIONS=off records what ends all the same, for others', async () => {
  const off = await startServer({ REVOCATIONS: 'off' })
  const login = await logInNewUser(off)
  await logOut(off, login.refresh_token)
  const server = await startServer({ DATABASE_URL: off.databaseUrl })
  assert.deepEqual(hashesOf(await readFeed(server)), [sidHash(login)])
})

test('a key that an operator refuses is listed for a day, by a list that its successor signs, and refused by each replica', async () => {
  const { clock, servers } = await startReplicas(2, { JWT_ALGORITHM: 'ES256', SERVICE_KEYS })
  const [one, other] = servers as [TestServer, TestServer]
  const login = await logInNewUser(one)
  const kid = decodeHeader(login.access_token)['kid'] ?? ''
  const { cursor } = await readNow(other)
  const held = hold(other, cursor)
  const outcome = await retireKey(one.ctx, await listKeys(one), kid, { refuses: true, noticeSeconds: 1, origin })
  assert.ok(outcome.kind === 'done')
  assert.deepEqual((await held.answer).keys, [kid], 'the keys that are published now verify it')
  // The keys were read with the ending: nothing else has read them.
  assert.equal((await me(other, login.access_token)).status, 401)
  assert.ok(!(await publishedKeys(other)).keys.some((key) => key.kid === kid))
  assert.equal(decodeHeader((await other.get(FEED)).text)['kid'], outcome.successor)
  clock.advance(86_000)
  assert.deepEqual((await readNow(one)).keys, [kid])
  clock.advance(500)
  assert.deepEqual((await readNow(one)).keys, [])
})

test('a command ends a session, and the server beside it lists that', async () => {
  const server = await startServer({ SERVICE_KEYS })
  const login = await logInNewUser(server)
  const { cursor } = await readNow(server)
  const held = hold(server, cursor)
  const { code, output } = await tesseraCli(server)(`sessions end --user ${login.user.email} --yes`)
  assert.equal(code, 0, output)
  assert.deepEqual(hashesOf(await held.answer), [sidHash(login)])
})

test('two processes on one database list what the other has ended', {
  skip: !onPostgres && 'one process serves a SQLite file',
}, async () => {
  const environment = { SERVICE_KEYS, DATABASE_URL: await emptyDatabaseUrl(), JWT_SECRET_KEY: 'of two processes' }
  const [one, other] = await Promise.all([startProcess({ environment }), startProcess({ environment })])
  const user = { email: 'ann@example.com', password: 'correct horse battery' }
  await one.post('/api/v1/users/sign_up', { user })
  const { access_token, refresh_token } = (await one.post('/api/v1/auth/login', user)).body
  const cursors = await Promise.all([one, other].map(async ({ get }) => (await get(FEED)).body.cursor))
  const waiting = [one, other].map(({ get }, at) => get(`${FEED}?after=${cursors[at]}&wait=30`, SERVICE_KEY))
  await one.post('/api/v1/auth/logout', { refresh_token })
  for (const { body } of await Promise.all(waiting))
    assert.deepEqual(hashesOf(body), [sidHash({ access_token, refresh_token })])
})

test('while the database is away the list is answered as it was, and looks no younger', {
  skip: !onPostgres && 'needs PostgreSQL',
}, async () => {
  const proxy = await startDatabaseProxy(await emptyDatabaseUrl())
  const server = await startServer({ JWT_ALGORITHM: 'ES256', DATABASE_URL: proxy.url })
  const login = await logInNewUser(server)
  await logOut(server, login.refresh_token)
  const before = await readNow(server)
  await proxy.close()
  server.advanceClock({ seconds: 600 })
  await server.readEndings()
  const during = await readFeed(server)
  assert.deepEqual(hashesOf(during), [sidHash(login)])
  assert.ok(during.iat - before.iat < 60, 'a reader sees that it is old')
  const further = await readFeed(server, `?after=${before.cursor}`) // an answer that was not made before
  assert.ok(further.iat - before.iat < 60, 'so does one who has come further')
  assert.equal((await server.get('/ready')).status, 503)
})

test('the clean-up keeps endings for as long as the list has them, and no longer', async () => {
  const { cleanUp } = await import('../../src/app/clean-up.ts')
  const server = await startServer()
  const login = await logInNewUser(server)
  await logOut(server, login.refresh_token)
  const key = sql`insert into endings (hash, at, kind, version) values ('k', ${server.ctx.now()}, 'key', 0) returning id`
  await server.rows(key)
  const left = async () => {
    await cleanUp(server.ctx)
    return (await server.rows<{ kind: string }>(sql`select kind from endings order by id`)).map(({ kind }) => kind)
  }
  server.advanceClock({ seconds: 1000 })
  assert.deepEqual(await left(), ['session', 'key'])
  server.advanceClock({ seconds: 30 })
  assert.deepEqual(await left(), ['key'])
  server.advanceClock({ seconds: 86_400 })
  assert.deepEqual(await left(), [])
})
