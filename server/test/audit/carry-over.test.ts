import assert from 'node:assert/strict'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import sql, { raw } from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { MIGRATIONS } from '../../src/storage/database/schema-state.ts'
import { findAuditEvents, insertAuditEvents } from '../../src/storage/notice/audit-events.ts'
import { emptyDatabaseUrl, onPostgres, openDatabase, temporaryFolder } from '../support/test-database.ts'

const DAY = 86_400
const BEFORE_CLASSES = 10
const RETENTION = { short: 30 * DAY, normal: 90 * DAY, long: 400 * DAY }
const ANY = { userIds: null, sessionId: null, kind: null, since: null, until: null, limit: 100 }
const T0 = new Date('2026-01-15T12:00:00Z')
const after = (days: number) => new Date(T0.getTime() + days * DAY * 1000)

/** A database of the version before classes, with an event of each of three kinds. */
async function databaseBefore(): Promise<Database> {
  const folder = temporaryFolder()
  cpSync(MIGRATIONS, folder, { recursive: true })
  for (const dialect of ['sqlite', 'postgres'])
    for (const name of readdirSync(join(folder, dialect)))
      if (Number.parseInt(name, 10) > BEFORE_CLASSES) rmSync(join(folder, dialect, name))
  const db = await openDatabase(await emptyDatabaseUrl())
  await migrate(db, T0, { migrations: pathToFileURL(`${folder}/`) })
  for (const kind of ['login_failed', 'login_succeeded', 'user_deleted']) await insertAsBefore(db, kind, T0)
  return db
}

/** Writes an event as the version before classes does. */
async function insertAsBefore(db: Database, kind: string, at: Date): Promise<void> {
  await db.query(sql`
    insert into audit_events (at, kind, user_id, session_id, ip, user_agent, email_digest, details)
    values (${at}, ${kind}, ${7}, ${null}, ${null}, ${null}, ${null}, ${'{}'})`)
}

async function kinds(db: Database): Promise<string[]> {
  return (await findAuditEvents(db, ANY)).map(({ kind }) => kind)
}

async function cleanUpAt(db: Database, now: Date): Promise<void> {
  const log = { info() {}, warn() {}, error() {} }
  await cleanUp({ db, log, now: () => now, settings: { auditRetention: RETENTION } })
}

test('events of the version before classes stay, keep their ids, and end with the class of their kind', async () => {
  const db = await databaseBefore()
  const before = await db.query<{ id: number; kind: string }>(sql`select id, kind from audit_events order by id`)
  await migrate(db, T0)
  assert.deepEqual(await db.query(sql`select id, kind from audit_events order by id`), before)
  const about = { user_id: 7, session_id: null, ip: null, user_agent: null, details: {} }
  await insertAuditEvents(db, [{ kind: 'logout', ...about }], after(1))
  await insertAsBefore(db, 'login_succeeded', after(1)) // a replica of that version, which still serves
  assert.deepEqual(
    (await findAuditEvents(db, ANY)).map(({ id, kind }) => [id, kind]),
    [
      [5, 'login_succeeded'],
      [4, 'logout'],
      [3, 'user_deleted'],
      [2, 'login_succeeded'],
      [1, 'login_failed'],
    ],
  )
  await cleanUpAt(db, after(30))
  assert.equal((await kinds(db)).length, 5)
  await cleanUpAt(db, after(30.001))
  assert.deepEqual(await kinds(db), ['login_succeeded', 'logout', 'user_deleted', 'login_succeeded'])
  await cleanUpAt(db, after(90.5))
  assert.deepEqual(await kinds(db), ['login_succeeded', 'logout', 'user_deleted'])
  await cleanUpAt(db, after(400))
  assert.deepEqual(await kinds(db), ['user_deleted'])
  await cleanUpAt(db, after(401))
  assert.deepEqual(await kinds(db), [])
  if (onPostgres)
    assert.deepEqual(await db.query(sql`select 1 where to_regclass('audit_events_legacy') is not null`), [])
})

test('who might read or write the audit before may do so afterwards', {
  skip: !onPostgres && 'SQLite has no roles',
}, async () => {
  const db = await databaseBefore()
  await db.query(raw('grant select, insert on audit_events to public'))
  await db.query(raw('grant select on audit_events to pg_monitor with grant option'))
  const grants = () =>
    db.query(sql`select grantee, privilege_type, is_grantable from information_schema.role_table_grants
      where table_name = 'audit_events' and table_schema = current_schema() and grantee <> current_user order by 1, 2`)
  const before = await grants()
  assert.equal(before.length, 3)
  await migrate(db, T0)
  assert.deepEqual(await grants(), before)
})
