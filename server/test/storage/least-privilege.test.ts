import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import pg from 'pg'
import sql from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import { insertAuditEvents } from '../../src/storage/notice/audit-events.ts'
import { createDatabase, createRole, mayNotCreate } from '../support/own-database.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { openDatabase } from '../support/test-database.ts'

// A role with no more rights than docs/operating/upgrades.md grants, and a database that can only be read.

const skip = mayNotCreate
const page = readFileSync(new URL('../../../docs/operating/upgrades.md', import.meta.url), 'utf8')
const GRANTS = [...page.matchAll(/^(grant [^;]*;)$/gm)].map(([, grant = '']) => grant)

/** A migrated database, and its address for a role that has the grants of the documentation. */
async function grantedDatabase(): Promise<{ owner: string; app: string }> {
  const owner = await createDatabase()
  assert.equal((await runToEnd(['migrate'], { environment: { DATABASE_URL: owner } })).code, 0)
  const { role, as } = await createRole()
  const client = new pg.Client({ connectionString: owner })
  await client.connect()
  for (const grant of GRANTS) await client.query(grant.replace('tessera_app', role))
  await client.end()
  return { owner, app: as(owner) }
}

test('a role with the documented grants serves, with every write of a login and a refresh, and is ready', {
  skip,
}, async () => {
  assert.ok(GRANTS.length >= 5)
  const { app } = await grantedDatabase()
  const server = await startProcess({ environment: { DATABASE_URL: app, MIGRATE: 'off' } })
  const user = { email: 'ann@example.com', password: 'a correct horse' }
  assert.equal((await server.post('/api/v1/users/sign_up', { user })).status, 200)
  const login = await server.post('/api/v1/auth/login', user)
  assert.equal(login.status, 200, login.text)
  const { refresh_token } = login.body
  assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token })).status, 200)
  assert.equal((await server.post('/api/v1/auth/logout', { refresh_token })).status, 200)
  assert.equal((await server.get('/ready')).status, 200)
  assert.doesNotMatch(server.output(), /grant update|permission denied|"level":50/)
})

test('a role that may not change the audit says so once, loses no event, and leaves the work to its owner', {
  skip,
}, async () => {
  const { owner, app } = await grantedDatabase()
  const [db, ownerDb] = [await openDatabase(app), await openDatabase(owner)]
  const warnings: string[] = []
  const log = { info() {}, error() {}, warn: (_: object, sentence: string) => warnings.push(sentence) }
  const DAY = 86_400
  const settings = { auditRetention: { short: DAY, normal: DAY, long: DAY } }
  const later = new Date(Date.now() + 800 * DAY * 1000)
  const context = { now: () => later, settings }
  const count = async () => (await ownerDb.query(sql`select id from audit_events`)).length
  const event = { kind: 'logout', user_id: null, session_id: null, ip: null, user_agent: null, details: {} } as const
  await insertAuditEvents(db, [event], new Date())
  await insertAuditEvents(db, [event], later)
  for (let round = 0; round < 2; round++) await cleanUp({ ...context, db, log })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /the role of the server may not; run tessera clean-up as the owner of the tables/)
  assert.equal(await count(), 2)
  await cleanUp({ ...context, db: ownerDb, log })
  await cleanUp({ ...context, db, log })
  assert.deepEqual([warnings.length, await count()], [1, 1])
})

test('a role that may not migrate is told what to run, and by whom', { skip }, async () => {
  const { owner, app } = await grantedDatabase()
  const client = new pg.Client({ connectionString: owner })
  await client.connect()
  await client.query(`delete from migrations where name like '0004%'`)
  await client.end()
  const { code, output } = await runToEnd(['start'], { environment: { DATABASE_URL: app } })
  assert.equal(code, 1)
  assert.match(output, /its role may not apply 0004_\w+\.sql; run tessera migrate as the owner of the tables\.\n$/)
})

test('commands that only read work where the database can only be read, as on a standby', { skip }, async () => {
  const { owner } = await grantedDatabase()
  const url = new URL(owner)
  url.searchParams.set('options', '-c default_transaction_read_only=on')
  for (const line of ['users list', 'sessions list', 'audit', 'outbox list', 'limits list', 'migrate --check']) {
    const { code, output } = await runToEnd(line.split(' '), { environment: { DATABASE_URL: url.href } })
    assert.equal(code, 0, `${line}: ${output}`)
  }
})
