import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chownSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import sql from 'sql-template-tag'
import { spawnTessera, untilListening } from '../../../harness/launch-tessera.ts'
import { Fenced } from '../../src/storage/database/errors.ts'
import { markAsProduction } from '../../src/storage/database/installation.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { MIGRATIONS } from '../../src/storage/database/schema-state.ts'
import { claimMoving } from '../../src/storage/drivers/sqlite-serving.ts'
import { lowerFence, raiseFence } from '../../src/storage/transfer/fence.ts'
import { clearMaintenance, type Maintenance, writeMaintenance } from '../../src/storage/transfer/maintenance.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { emptyDatabaseUrl, onPostgres, openDatabase, temporaryFolder } from '../support/test-database.ts'
import { ADMIN, issuePair, logIn, logInNewUser, logOut, me, PASSWORD, refresh, refreshPair } from '../support/users.ts'

/** Begins maintenance, as another process does, and lets the server notice. */
async function begin(server: TestServer, state: Maintenance['state']): Promise<void> {
  await writeMaintenance(server.ctx.db, { state, since: new Date(), other: 'db.internal/tessera' })
  await server.readMaintenance()
}

async function end(server: TestServer): Promise<void> {
  await clearMaintenance(server.ctx.db)
  await server.readMaintenance()
}

test('in maintenance every request is 503 with Retry-After in the words of its contract, and no token is lost', async () => {
  const server = await startServer({ METRICS_PORT: '0' })
  const tokens = await logInNewUser(server)
  const pair = await issuePair(server)
  await begin(server, 'on')
  const refused = [
    await refresh(server, tokens.refresh_token, 'a'.repeat(22)),
    await me(server, tokens.access_token),
    await me(server, 'garbage'),
    await server.post('/api/v1/auth/login', ADMIN),
    await server.post('/api/v1/auth/login', 'garbage'),
    await server.get('/reset'),
  ]
  for (const { status, headers, body } of refused) {
    assert.deepEqual([status, headers.get('retry-after'), body.error.details.code], [503, '5', 'maintenance'])
  }
  const oauth = await server.post('/oauth/revoke', { token: tokens.refresh_token })
  assert.deepEqual([oauth.status, oauth.body.error], [503, 'temporarily_unavailable'])
  const refusedPair = await refreshPair(server, pair, 'b'.repeat(22))
  assert.deepEqual([refusedPair.status, typeof refusedPair.body.error], [503, 'string'])
  assert.equal((await server.get('/nowhere')).status, 404)
  await end(server)
  assert.equal((await refresh(server, tokens.refresh_token, 'a'.repeat(22))).status, 200)
  assert.equal((await refreshPair(server, pair, 'b'.repeat(22))).status, 200)
})

test('a request whose body comes after maintenance has begun changes nothing', async () => {
  const server = await startServer()
  const body = JSON.stringify({ user: { email: 'late@example.com', password: PASSWORD } })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const sending = request(`${server.url}/api/v1/users/sign_up`, { method: 'POST', headers })
  const answered = once(sending, 'response')
  sending.flushHeaders()
  await once(sending, 'socket').then(([socket]) => (socket.connecting ? once(socket, 'connect') : null))
  await server.get('/health') // the headers were read before this
  await begin(server, 'on')
  sending.end(body)
  const [answer] = await answered
  answer.resume()
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5'])
  assert.deepEqual(await server.rows(sql`select id from users where email = 'late@example.com'`), [])
})

test('probes and lists of keys and endings go on, as long as the rows are here', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const statuses = async () => {
    const paths = ['/health', '/ready', '/.well-known/jwks.json', '/.well-known/revocations']
    return Promise.all(paths.map(async (path) => (await server.get(path)).status))
  }
  assert.deepEqual(await statuses(), [200, 200, 200, 200])
  await begin(server, 'on')
  assert.deepEqual(await statuses(), [200, 503, 200, 200])
  assert.equal((await server.get('/ready')).body.error.details.code, 'maintenance')
  await begin(server, 'moved') // what ends now ends elsewhere, and is not in the list of this database
  assert.deepEqual(await statuses(), [200, 503, 503, 503])
  const [line] = server.logs.filter(({ state }) => state === 'moved')
  assert.match(String(line?.['msg']), /was moved to db\.internal\/tessera .*; set DATABASE_URL to that one/)
  await end(server)
  assert.deepEqual(await statuses(), [200, 200, 200, 200])
})

test('background jobs write nothing in maintenance, and go on after it', async () => {
  const server = await startServer()
  await server.post('/api/v1/users/password/forgot', { email: ADMIN.email })
  const prepared = async () => {
    await server.deliverMails()
    return (await server.rows(sql`select id from one_time_tokens where prepared_at is not null`)).length
  }
  await begin(server, 'on')
  assert.equal(await prepared(), 0)
  await end(server)
  assert.equal(await prepared(), 1)
})

test('a server that starts on a database of a move writes nothing to it, and serves once it is left to it', {
  skip: onPostgres && 'of SQLite',
}, async () => {
  const DATABASE_URL = await emptyDatabaseUrl()
  const db = await openDatabase(DATABASE_URL)
  await migrate(db, new Date())
  await db.transaction(async (tx) => {
    await raiseFence(tx)
    await writeMaintenance(tx, { state: 'moving', since: new Date(), other: 'db.internal/tessera' })
  })
  await assert.rejects(
    db.query(sql`delete from users returning id`).then(() => db.query(insertion)),
    Fenced,
  )
  const server = await startServer({ DATABASE_URL })
  assert.equal((await server.post('/api/v1/auth/login', ADMIN)).status, 503)
  assert.deepEqual(await server.rows(sql`select name from installation where name like 'key %'`), [])
  await db.transaction(async (tx) => {
    await lowerFence(tx)
    await clearMaintenance(tx)
  })
  await server.readMaintenance()
  assert.equal(typeof (await logIn(server, ADMIN.email, ADMIN.password)).refresh_token, 'string')
  assert.equal((await server.rows(sql`select name from installation where name like 'key %'`)).length, 2)
})

test('a server of key pairs makes no keys while a move has the rows, and makes them after it', async () => {
  const DATABASE_URL = await emptyDatabaseUrl()
  const db = await openDatabase(DATABASE_URL)
  await migrate(db, new Date())
  await writeMaintenance(db, { state: 'receiving', since: new Date(), other: 'tessera.db' })
  const server = await startServer({ DATABASE_URL, JWT_ALGORITHM: 'ES256' })
  await server.readSigningKeys()
  const count = async () => [
    (await server.rows(sql`select kid from signing_keys`)).length,
    (await server.rows(sql`select kind from signing_kinds`)).length,
  ]
  assert.deepEqual(await count(), [0, 0])
  await end(server)
  assert.deepEqual(await count(), [2, 2])
  assert.equal(typeof (await logIn(server, ADMIN.email, ADMIN.password)).access_token, 'string')

  server.advanceClock({ seconds: 91 * 86_400 }) // the next key signs now, and one after it is due
  await begin(server, 'moved')
  await server.readSigningKeys()
  assert.deepEqual(await count(), [2, 2])
  await end(server)
  await server.readSigningKeys()
  assert.deepEqual(await count(), [3, 2])
})

test('a server starts on a file that was moved, also when a key is due', {
  skip: onPostgres && 'of SQLite',
}, async () => {
  const settings = { DATABASE_URL: await emptyDatabaseUrl(), JWT_ALGORITHM: 'ES256' }
  const former = await startServer(settings)
  await former.close()
  const db = await openDatabase(settings.DATABASE_URL)
  await db.transaction(async (tx) => {
    await raiseFence(tx)
    await writeMaintenance(tx, { state: 'moved', since: new Date(), other: 'db.internal/tessera' })
  })
  const server = await startServer(settings, {}, () => Date.now() + 91 * 86_400_000)
  assert.equal((await server.get('/ready')).status, 503)
  await server.readSigningKeys()
  assert.deepEqual(
    server.logs.filter(({ reason }) => reason),
    [],
  )
})

test('a server that waited for the end of a move, and has another secret, ends as its start would', async () => {
  const DATABASE_URL = await emptyDatabaseUrl()
  const former = await startServer({ DATABASE_URL })
  await former.close()
  const db = await openDatabase(DATABASE_URL)
  await markAsProduction(db)
  await writeMaintenance(db, { state: 'receiving', since: new Date(), other: 'tessera.db' })
  const environment = { DATABASE_URL, PORT: '0', JWT_SECRET_KEY: 'another secret than that of the servers before it' }
  const launched = spawnTessera(['start'], { folder: temporaryFolder(), environment })
  after(() => launched.child.kill('SIGKILL'))
  const ended = once(launched.child, 'close')
  await untilListening(launched)
  await clearMaintenance(db)
  assert.deepEqual(await ended, [1, null])
  assert.match(launched.output(), /"reason":"[^"]*JWT_SECRET_KEY.*may be served again, but this server cannot start/)
})

const insertion = sql`
  insert into written_mails (mailbox_digest, kind, created_at) values ('a', 'b', ${new Date()}) returning id`

test('a server that has not read that a move began changes nothing, and says so', {
  skip: onPostgres && 'of SQLite',
}, async () => {
  const server = await startServer()
  const tokens = await logInNewUser(server)
  const users = async () => (await server.rows(sql`select id from users`)).length
  const before = await users()
  await server.ctx.db.transaction(raiseFence) // without the fact, as for a server that was frozen before it was written
  for (const answer of [
    await server.post('/api/v1/users/sign_up', { user: { email: 'late@example.com', password: PASSWORD } }),
    await logOut(server, tokens.refresh_token),
  ]) {
    assert.deepEqual([answer.status, answer.body.error.details.code], [503, 'maintenance'])
    assert.equal(answer.headers.get('retry-after'), '5')
  }
  assert.equal(await users(), before)
  await server.ctx.db.transaction(lowerFence)
  assert.equal((await logOut(server, tokens.refresh_token)).status, 200)
})

test('tessera maintenance turns it on and off, and says what it is', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const on = await tessera('maintenance on --json')
  assert.deepEqual([on.code, parseJsonLines(on.output)[0]?.state], [0, 'on'], on.output)
  assert.equal((await server.post('/api/v1/auth/login', ADMIN)).status, 503, 'the server has obeyed by then')
  assert.match((await tessera('maintenance')).output, /^Maintenance is on since .* tessera maintenance off\n$/)
  const doctor = await tessera('doctor --json')
  assert.match(doctor.output, /"id":"database.maintenance","verdict":"warning"/)
  assert.equal((await tessera('maintenance off')).code, 0)
  await server.readMaintenance()
  assert.equal((await server.post('/api/v1/auth/login', ADMIN)).status, 200)
})

test('a file that was moved comes back after an upgrade with a migration', {
  skip: onPostgres && 'of SQLite',
}, async () => {
  const folder = temporaryFolder()
  cpSync(new URL('sqlite/', MIGRATIONS), `${folder}/sqlite`, { recursive: true })
  const newest = readdirSync(`${folder}/sqlite`).sort().at(-1)
  rmSync(`${folder}/sqlite/${newest}`)
  const databaseUrl = await emptyDatabaseUrl()
  const db = await openDatabase(databaseUrl)
  await migrate(db, new Date(), { migrations: pathToFileURL(`${folder}/`) })
  await db.transaction(async (tx) => {
    await raiseFence(tx)
    await writeMaintenance(tx, { state: 'moved', since: new Date(), other: 'db.internal/tessera' })
  })
  const tessera = tesseraCli({ databaseUrl })
  assert.match((await tessera('migrate')).output, /see: tessera maintenance/)
  assert.match((await tessera('maintenance')).output, /come back with: tessera maintenance off\n$/)
  const off = await tessera('maintenance off --yes')
  assert.equal(off.code, 0, off.output)
  assert.equal((await tessera('migrate')).code, 0)
})

test('a lock file that this user cannot open is no running move', { skip: onPostgres && 'of SQLite' }, async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const file = databaseUrl.slice('sqlite:'.length)
  const db = await openDatabase(databaseUrl)
  await migrate(db, new Date())
  await writeMaintenance(db, { state: 'moving', since: new Date(), other: 'db.internal/tessera' })
  mkdirSync(`${file}-moving`) // root, which runs some tests, may open any file
  const tessera = tesseraCli({ databaseUrl })
  assert.match((await tessera('maintenance off')).output, /^tessera: The file \S+-moving cannot be locked: EISDIR/)
  rmSync(`${file}-moving`, { recursive: true })
  const running = claimMoving(file)
  assert.match((await tessera('maintenance off')).output, /^tessera: A move is running; stop it with Ctrl-C first/)
  running.release()
  assert.equal((await tessera('maintenance off')).code, 0)
})

test('a lock file that root makes belongs to the owner of the database', {
  skip: process.getuid?.() !== 0 && 'of root',
}, () => {
  const file = `${temporaryFolder()}/tessera.db`
  writeFileSync(file, '')
  chownSync(file, 65534, 65534)
  claimMoving(file).release()
  assert.equal(statSync(`${file}-moving`).uid, 65534)
})
