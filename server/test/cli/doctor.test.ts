import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { freePort } from '../../../harness/free-port.ts'
import { runChecks, warning } from '../../src/cli/doctor/check.ts'
import { judgeFreeSpace } from '../../src/cli/doctor/machine.ts'
import { networkFileSystem } from '../../src/cli/doctor/sqlite.ts'
import { withSubject } from '../../src/cli/doctor/subject.ts'
import { insertUser } from '../../src/storage/account/users.ts'
import { writeFact } from '../../src/storage/database/installation.ts'
import { noteKey } from '../../src/storage/database/key-sightings.ts'
import { insertMail } from '../../src/storage/notice/outbox.ts'
import {
  examine,
  OTHER_SECRET,
  SOUND,
  soundMailServer,
  soundPostgres,
  soundSqlite,
  startPostgres,
  verdicts,
} from '../doctor/subjects.ts'
import { noRedis, REDIS_URL } from '../support/redis.ts'
import { startServer } from '../support/server.ts'
import { runToEnd } from '../support/server-process.ts'
import { onPostgres, openDatabase, temporaryFolder } from '../support/test-database.ts'

const databaseUrl = onPostgres ? await soundPostgres() : await soundSqlite()
const sound = {
  ...SOUND,
  DATABASE_URL: databaseUrl,
  SMTP_URL: await soundMailServer(),
  ...(noRedis ? {} : { REDIS_URL }),
}
const folder = temporaryFolder()

test('a sound production server has no finding', async () => {
  const results = await examine(sound)
  assert.deepEqual(
    results.filter(({ verdict }) => verdict !== 'ok'),
    [],
  )
  assert.ok(results.length > 50)
})

const KEY_PAIRS = { JWT_ALGORITHM: 'ES256', JWT_ISSUER: '' }

/** Settings that are planted, one fault each, and what finds it. */
const PLANTED: readonly [id: string, verdict: 'error' | 'warning', settings: Record<string, string>][] = [
  ['settings.unknown', 'error', { JWT_SECRET_KYE: 'x' }],
  ['settings.unreadable', 'error', { PORT: 'http' }],
  ['settings.secret-missing', 'error', { JWT_SECRET_KEY: '' }],
  ['settings.weak-secret', 'error', { JWT_SECRET_KEY: 'short' }],
  ['settings.weak-secret', 'error', { JWT_SECRET_KEY: 'your_secret_key_here_change_this_in_production' }],
  ['settings.secret-used-twice', 'error', { JWT_SECRET_KEY: OTHER_SECRET }],
  ['settings.demo-pairs', 'error', { PAIR_ISSUANCE: 'demo' }],
  ['settings.proxies-everyone', 'error', { TRUSTED_PROXIES: '0.0.0.0/0' }],
  ['settings.half-certificate', 'error', { TLS_CERT_FILE: 'cert.pem' }],
  ['settings.mail-without-sender', 'error', { MAIL_FROM: '' }],
  ['settings.issuer-differs', 'error', { ...KEY_PAIRS, JWT_ISSUER: 'https://acme.example' }],
  ['settings.audience-missing', 'error', { ...KEY_PAIRS, JWT_AUDIENCE: '' }],
  ['settings.rate-limit-off', 'warning', { RATE_LIMIT: 'off' }],
  ['settings.https-not-required', 'warning', { REQUIRE_HTTPS: 'off' }],
  ['settings.hsts-off', 'warning', { HSTS: 'off' }],
  ['settings.access-lifetime', 'warning', { JWT_ACCESS_TOKEN_EXPIRATION: '86400' }],
  ['settings.wide-proxies', 'warning', { TRUSTED_PROXIES: '10.0.0.0/8' }],
  ['settings.cors-plain-http', 'warning', { CORS_ORIGINS: 'http://app.acme.example' }],
  ['settings.bcrypt-cheap', 'warning', { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '6' }],
  ['settings.public-url', 'warning', { PUBLIC_URL: '', SMTP_URL: '' }],
  ['cookies.public-url', 'warning', { COOKIE_MODE: 'on', PUBLIC_URL: 'http://auth.acme.example' }],
  ['cookies.cross-site', 'warning', { COOKIE_MODE: 'on', CORS_ORIGINS: 'https://app.acme.test' }],
  ['cors.loopback', 'warning', { CORS_ORIGINS: 'http://localhost:5173' }],
  ['cors.public-url', 'warning', { CORS_ORIGINS: 'http://auth.acme.example' }],
  ['tokens.issuer', 'warning', { JWT_ISSUER: '' }],
  ['tokens.audience', 'warning', { JWT_AUDIENCE: '' }],
  ['tokens.lifetimes', 'warning', { JWT_ACCESS_TOKEN_EXPIRATION: '604800' }],
  ['mail.configured', 'warning', { SMTP_URL: '' }],
  ['mail.spf', 'warning', { MAIL_FROM: 'no-reply@other.example' }],
  ['mail.spf', 'warning', { MAIL_FROM: 'no-reply@open.example' }],
  ['mail.spf', 'warning', { MAIL_FROM: 'no-reply@twice.example' }],
  ['mail.dmarc', 'warning', { MAIL_FROM: 'no-reply@other.example' }],
  ['https.certificate', 'error', { TRUSTED_PROXIES: '' }],
  ['keys.file', 'error', { SIGNING_KEY_FILE: 'missing.pem' }],
]

for (const [id, verdict, settings] of PLANTED)
  test(`${id} is found: ${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`, async () => {
    assert.deepEqual(await verdicts({ ...sound, ...settings }, id), [verdict])
  })

test('all faults of the settings are found together, and none of a setting that cannot be read', async () => {
  const results = await examine({
    ...sound,
    PUBLIC_URL: 'nowhere',
    RATE_LIMIT: 'off',
    PAIR_ISSUANCE: 'demo',
    HSTS: 'off',
  })
  const ids = results.filter(({ verdict }) => verdict !== 'ok').map(({ id }) => id)
  for (const id of ['settings.unreadable', 'settings.rate-limit-off', 'settings.demo-pairs', 'settings.hsts-off'])
    assert.ok(ids.includes(id), id)
  assert.ok(!ids.includes('settings.mail-without-public-url'))
})

test('a database that is away is one error, and the checks that need it are skipped by name', async () => {
  const away = onPostgres
    ? `postgres://app:geheimnis@127.0.0.1:${await freePort()}/tessera`
    : 'sqlite:missing/tessera.db'
  const results = await examine({ ...sound, DATABASE_URL: away })
  assert.deepEqual(
    results.filter(({ verdict }) => verdict === 'error').map(({ id }) => id),
    ['database.reachable'],
  )
  assert.equal(results.find(({ id }) => id === 'users.demo')?.verdict, 'skipped')
  assert.ok(!existsSync('missing'))
})

test('a mail server, a Redis and a name server that are away are found, each by its own check', async () => {
  const port = await freePort()
  assert.deepEqual(await verdicts({ ...sound, SMTP_URL: `smtp://127.0.0.1:${port}` }, 'mail.server'), ['error'])
  assert.deepEqual(await verdicts({ ...sound, REDIS_URL: `redis://127.0.0.1:${port}` }, 'redis.reachable'), ['error'])
  const silent = { nameServers: [`127.0.0.1:${port}`] }
  assert.deepEqual(await verdicts(sound, 'mail.spf', silent), ['skipped'])
  assert.deepEqual(await verdicts(sound, 'mail.dmarc', silent), ['skipped'])
})

test('faults in the rows of the database are found: migrations, demo users, weak digests, mails, keys', async () => {
  const url = onPostgres
    ? await soundPostgres({ synchronous_commit: 'off', max_connections: '9' })
    : await soundSqlite()
  const settings = { ...sound, DATABASE_URL: url, ...(onPostgres ? { DATABASE_POOL: '10' } : {}) }
  const db = await openDatabase(url)
  const now = new Date()
  const user = { guid: null, first_name: null, last_name: null, role: 'user', locale: 'en' } as const
  const weak = `$2b$04$${'a'.repeat(53)}`
  const row = { ...user, guid: '7e55e4a0-0000-4000-8000-000000000009', email: 'a@acme.example', password_digest: weak }
  const id = await insertUser(db, { ...row, email_verified_at: now }, now).then((made) => made.id)
  const demo = {
    ...row,
    guid: '7e55e4a0-0000-4000-8000-000000000008',
    email: 'b@acme.example',
    seeded_as: 'demo' as const,
  }
  await insertUser(db, { ...demo, email_verified_at: now }, now)
  const data = { session_id: '', ip: '198.51.100.7', user_agent: 'curl/8', at: now.toISOString() }
  const longAgo = new Date(now.getTime() - 3_600_000)
  for (const dedupe_key of ['a', 'b'])
    await insertMail(db, { kind: 'refresh_token_reused', user_id: id, data, dedupe_key }, longAgo)
  await db.query(sql`update outbox set failed_at = ${now} where dedupe_key = ${'a'}`)
  await noteKey(db, { purpose: 'access', id: 'one' }, now)
  await noteKey(db, { purpose: 'access', id: 'two' }, now)
  await noteKey(db, { purpose: 'access', id: 'one' }, new Date(now.getTime() + 1000))
  await writeFact(db, 'environment', 'production')
  for (const found of ['users.demo', 'users.weak-digests', 'outbox.failed', 'outbox.late', 'keys.replicas'])
    assert.deepEqual(await verdicts(settings, found), ['warning'], found)
  assert.deepEqual(await verdicts(settings, 'keys.foreign'), ['error'])
  assert.deepEqual(await verdicts({ ...settings, NODE_ENV: 'development' }, 'database.environment'), ['warning'])
  const planted = onPostgres ? ['postgres.synchronous-commit', 'postgres.connections'] : []
  for (const found of planted) assert.deepEqual(await verdicts(settings, found), ['warning'], found)

  await db.query(sql`insert into migrations (name, applied_at) values (${'9999_later.sql'}, ${now})`)
  assert.deepEqual(await verdicts(settings, 'database.ahead'), ['warning'])
  await writeFact(db, 'minimum_version', '9999')
  assert.deepEqual(await verdicts(settings, 'database.ahead'), ['error'])
  await db.query(sql`delete from migrations where name = (select max(name) from migrations where name < ${'9999'})`)
  assert.deepEqual(await verdicts(settings, 'database.behind'), ['warning'])
  assert.deepEqual(await verdicts({ ...settings, MIGRATE: 'off' }, 'database.behind'), ['error'])
  assert.deepEqual(await verdicts(settings, 'users.demo'), ['skipped'])
})

test('faults of a SQLite file are found: damage, permissions, no backup or an old one', {
  skip: onPostgres,
}, async () => {
  const url = await soundSqlite()
  const file = url.slice('sqlite:'.length)
  const settings = { ...sound, DATABASE_URL: url }
  chmodSync(file, 0o666)
  assert.deepEqual(await verdicts(settings, 'sqlite.permissions'), ['error'])
  assert.deepEqual(await verdicts(settings, 'settings.open-file'), ['warning'])
  chmodSync(file, 0o600)
  chmodSync(dirname(file), 0o777)
  assert.deepEqual(await verdicts(settings, 'sqlite.permissions'), ['error'])
  chmodSync(dirname(file), 0o700)
  const db = await openDatabase(url)
  await writeFact(db, 'backed_up_at', new Date(Date.now() - 27 * 3_600_000).toISOString())
  assert.deepEqual(await verdicts(settings, 'sqlite.backup'), ['warning'])
  await db.query(sql`delete from installation where name = ${'backed_up_at'}`)
  assert.deepEqual(await verdicts(settings, 'sqlite.backup'), ['warning'])
  await db.close()
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0x55, 4096 * 2, 4096 * 4))
  assert.deepEqual(await verdicts(settings, 'sqlite.integrity'), ['error'])
  assert.deepEqual([0x6969, -11317950, 0xef53].map(networkFileSystem), ['NFS', 'CIFS', null])
})

test('faults of the machine are found: an old Node.js, a disk that is nearly full', async () => {
  assert.deepEqual(await verdicts(sound, 'machine.node', { nodeVersion: 'v24.6.9' }), ['error'])
  assert.deepEqual(await verdicts(sound, 'machine.node', { nodeVersion: 'v26.0.0' }), ['ok'])
  const mebibyte = 1024 ** 2
  const found = [50, 500, 5000].map((free) => judgeFreeSpace(free * mebibyte)?.verdict)
  assert.deepEqual(found, ['error', 'warning', undefined])
})

test('a certificate is found that expires, or that is for another host', {
  skip: spawnSync('openssl', ['version']).error ? 'there is no openssl here' : false,
}, async () => {
  const [cert, key] = [join(folder, 'live.pem'), join(folder, 'live.key')]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=old.acme.example', '-days', '2'], { stdio: 'ignore' })
  const settings = { ...sound, TLS_CERT_FILE: cert, TLS_KEY_FILE: key }
  assert.deepEqual(await verdicts(settings, 'https.expiry'), ['warning'])
  const later = { now: () => new Date(Date.now() + 3 * 86_400_000) }
  assert.deepEqual(await verdicts(settings, 'https.expiry', later), ['error'])
  assert.deepEqual(await verdicts(settings, 'https.name'), ['warning'])
  assert.deepEqual(await verdicts({ ...settings, PUBLIC_URL: 'https://old.acme.example' }, 'https.name'), ['ok'])
})

test('a signing key that no secret opens is found, and a missing next key', async () => {
  const server = await startServer({
    JWT_ALGORITHM: 'ES256',
    REFRESH_SECRET_KEY: OTHER_SECRET,
    PUBLIC_URL: SOUND['PUBLIC_URL'] ?? '',
  })
  const settings = { ...sound, JWT_ALGORITHM: 'ES256', DATABASE_URL: server.databaseUrl }
  assert.deepEqual(await verdicts(settings, 'keys.unopened'), ['ok'])
  assert.deepEqual(await verdicts(settings, 'keys.next'), ['ok'])
  const other = { ...settings, REFRESH_SECRET_KEY: OTHER_SECRET.toUpperCase() }
  assert.deepEqual(await verdicts(other, 'keys.unopened'), ['error', 'error'])
  await server.rows(sql`delete from signing_keys where sequence = (select max(sequence) from signing_keys)`)
  assert.deepEqual(await verdicts(settings, 'keys.next'), ['warning'])
})

test('faults of a PostgreSQL server are found: an asynchronous standby, a standby, a superuser', {
  skip: !onPostgres,
}, async () => {
  const { cluster, url } = await startPostgres({ autovacuum: 'off', fsync: 'off', full_page_writes: 'off' })
  const settings = { ...sound, DATABASE_URL: url }
  assert.deepEqual(await verdicts(settings, 'postgres.fsync'), ['error'])
  assert.deepEqual(await verdicts(settings, 'postgres.full-page-writes'), ['error'])
  assert.deepEqual(await verdicts(settings, 'postgres.autovacuum'), ['warning'])
  assert.deepEqual(await verdicts(settings, 'postgres.audit-months'), ['ok'])
  const inAYear = new Date(Date.now() + 365 * 86_400_000)
  assert.deepEqual(await verdicts(settings, 'postgres.audit-months', { now: () => inAYear }), ['warning'])
  assert.deepEqual(await verdicts({ ...sound, DATABASE_URL: cluster.url }, 'postgres.superuser'), ['warning'])
  const standby = await cluster.standby({ asynchronous: true })
  after(() => standby.remove())
  assert.deepEqual(await verdicts(settings, 'postgres.asynchronous-standby'), ['warning'])
  const copy = new URL(url)
  copy.port = String(standby.port)
  assert.deepEqual(await verdicts({ ...sound, DATABASE_URL: copy.href }, 'postgres.read-only'), ['error'])
})

test('a check that fails or does not end hides no other', async () => {
  const never = { id: 'never', link: 'mail.md', run: () => new Promise<null>(() => {}) }
  const fails = {
    id: 'fails',
    link: 'mail.md',
    run() {
      throw new Error('no such file')
    },
  }
  const last = { id: 'last', link: 'mail.md', run: () => warning('It is late.', 'Wait.') }
  const results = await withSubject(sound, (subject) => runChecks([never, fails, last], subject, 20))
  assert.deepEqual(
    results.map(({ id, verdict }) => `${id} ${verdict}`),
    ['never skipped', 'fails warning', 'last warning'],
  )
})

test('the command prints one line for a sound server, exits by what it finds, and prints no secret', async () => {
  // Name servers of the system know nothing of the sender: without production they are not asked.
  const development = { ...sound, NODE_ENV: 'development' }
  const clean = await runToEnd(['doctor', '--strict'], { environment: development })
  assert.deepEqual([clean.code, clean.output.trim().split('\n').length], [0, 1], clean.output)
  assert.match(clean.output, /^\d+ checks passed\. /)
  const unwise = { ...development, CORS_ORIGINS: 'http://auth.acme.example' }
  assert.equal((await runToEnd(['doctor'], { environment: unwise })).code, 0)
  assert.equal((await runToEnd(['doctor', '--strict'], { environment: unwise })).code, 1)
  const port = await freePort()
  const faulty = {
    ...development,
    SMTP_URL: `smtp://mailer:geheimnis1@127.0.0.1:${port}`,
    REDIS_URL: `redis://:geheimnis2@127.0.0.1:${port}`,
    SERVICE_KEYS: 'orders:pairs:geheimnis3',
    ...(onPostgres ? { DATABASE_URL: `postgres://app:geheimnis4@127.0.0.1:${port}/tessera` } : {}),
  }
  for (const args of [['doctor'], ['doctor', '--json']]) {
    const { code, output } = await runToEnd(args, { environment: faulty })
    assert.equal(code, 1, output)
    assert.match(output, /mail\.server/)
    assert.doesNotMatch(output, new RegExp(`geheimnis|${OTHER_SECRET}`))
  }
  for (const wrong of ['--through=nowhere', '--through=ftp://a.example', '--loud'])
    assert.equal((await runToEnd(['doctor', wrong], { environment: development })).code, 2)
})
