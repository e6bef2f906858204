import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql, { raw } from 'sql-template-tag'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { insertAuditEvents } from '../../src/storage/notice/audit-events.ts'
import type { CLASS_OF_KIND } from '../../src/storage/notice/audit-kinds.ts'
import { keepAuditMonths } from '../../src/storage/notice/audit-months.ts'
import { type AuditRetention, KEPT_FOR_GOOD } from '../../src/storage/notice/audit-retention.ts'
import { createRole, mayNotCreate } from '../support/own-database.ts'
import { emptyDatabaseUrl, migratedDatabase, onPostgres, openDatabase } from '../support/test-database.ts'

const skip = !onPostgres && 'SQLite has no partitions'
const DAY = 86_400
const RETENTION: AuditRetention = { short: 30 * DAY, normal: 90 * DAY, long: 400 * DAY }
const ABOUT = { user_id: null, session_id: null, ip: null, user_agent: null, details: {} }

async function record(db: Database, kind: keyof typeof CLASS_OF_KIND, at: string): Promise<void> {
  await insertAuditEvents(db, [{ kind, ...ABOUT }], new Date(at))
}

/** Where each event stands, in the order in which they were written. */
async function places(db: Database): Promise<string[]> {
  const rows = await db.query<{ place: string }>(sql`
    select replace(tableoid::regclass::text, 'audit_events_', '') as place from audit_events order by id`)
  return rows.map(({ place }) => place)
}

const keep = (db: Database, now: string, retention = RETENTION, ahead = 1) =>
  keepAuditMonths(db, { now: new Date(now), retention }, ahead)

test('an event stands in the month of its class; a month is dropped when its last event has ended, and no sooner', {
  skip,
}, async () => {
  const db = await migratedDatabase()
  assert.equal((await keep(db, '2026-01-31T23:00:00Z', RETENTION, 2)).made.length, 9)
  await record(db, 'login_failed', '2026-01-31T23:59:59.999Z')
  await record(db, 'login_failed', '2026-02-01T00:00:00Z')
  await record(db, 'logout', '2026-01-31T23:00:00Z')
  await record(db, 'user_deleted', '2026-01-31T23:00:00Z')
  assert.deepEqual(await places(db), ['short_2026_01', 'short_2026_02', 'normal_2026_01', 'long_2026_01'])
  const dropped = async (now: string) => (await keep(db, now)).dropped
  assert.deepEqual(await dropped('2026-03-02T23:59:59.999Z'), [])
  assert.deepEqual(await dropped('2026-03-03T00:00:00Z'), ['audit_events_short_2026_01'])
  assert.deepEqual(await places(db), ['short_2026_02', 'normal_2026_01', 'long_2026_01'])
  assert.deepEqual(await dropped('2026-05-02T00:00:00Z'), [
    'audit_events_short_2026_02',
    'audit_events_short_2026_03',
    'audit_events_normal_2026_01',
  ])
  assert.deepEqual(await places(db), ['long_2026_01'])
  assert.equal((await keep(db, '2036-01-01T00:00:00Z', KEPT_FOR_GOOD)).dropped.length, 0)
  assert.deepEqual(await places(db), ['long_2026_01'])
})

test('an event without a month stands in the rest, and moves into its month when that is made', { skip }, async () => {
  const db = await migratedDatabase()
  await record(db, 'login_failed', '2026-01-15T00:00:00Z')
  await record(db, 'login_failed', '2025-12-15T00:00:00Z')
  assert.deepEqual(await places(db), ['short_rest', 'short_rest'])
  await keep(db, '2026-01-20T00:00:00Z')
  assert.deepEqual(await places(db), ['short_2026_01', 'short_rest'])
  await record(db, 'login_failed', '2026-01-15T00:00:00Z')
  const ids = await db.query<{ id: number }>(sql`select id from audit_events order by id`)
  assert.deepEqual(ids, [{ id: 1 }, { id: 2 }, { id: 3 }])
})

test('a month of which the rest has too many events to move them under a lock stays there', { skip }, async () => {
  const db = await migratedDatabase()
  await db.query(sql`
    insert into audit_events (at, class, kind, details)
    select '2026-01-15T00:00:00Z', 'short', 'login_failed', '{}' from generate_series(1, 10001) returning 1 as one`)
  const { made, undone } = await keep(db, '2026-01-20T00:00:00Z')
  assert.equal(made.includes('audit_events_short_2026_01'), false)
  assert.deepEqual([made.length, undone], [5, null])
  assert.equal(
    (await places(db)).every((place) => place === 'short_rest'),
    true,
  )
})

test('an event that is written while its month is made goes there, and is not refused', { skip }, async () => {
  const db = await migratedDatabase()
  let isMade = false
  const write = async () => {
    while (!isMade) await record(db, 'login_failed', '2026-01-20T00:00:00Z')
  }
  const writers = Array.from({ length: 6 }, write)
  while ((await keep(db, '2026-01-20T00:00:00Z')).undone !== null);
  isMade = true
  await Promise.all(writers)
  assert.ok((await places(db)).every((place) => place === 'short_2026_01'))
})

test('two processes at once make each month once', { skip }, async () => {
  const url = await emptyDatabaseUrl()
  await migrate(await openDatabase(url), new Date())
  const processes = await Promise.all(Array.from({ length: 2 }, () => openDatabase(url)))
  const changes = await Promise.all(processes.map((db) => keep(db, '2026-01-20T00:00:00Z')))
  const made = changes.flatMap((change) => change.made)
  assert.equal(new Set(made).size, made.length)
  const rest = await keep(processes[0] as Database, '2026-01-20T00:00:00Z')
  assert.equal(made.length + rest.made.length, 6)
})

test('a month belongs to the owner of the audit, also if another role made it', {
  skip: skip || mayNotCreate,
}, async () => {
  const db = await migratedDatabase()
  const { role } = await createRole()
  await db.transaction((tx) =>
    tx.script(`
      do $$ begin execute format('grant create on schema %I to ${role}', current_schema()); end $$;
      alter table audit_events owner to ${role}`),
  )
  await keep(db, '2026-01-20T00:00:00Z')
  const owners = await db.query<{ owner: string }>(sql`
    select distinct tableowner as owner from pg_tables
    where schemaname = current_schema() and tablename like 'audit_events_%_2026_01'`)
  assert.deepEqual(owners, [{ owner: role }])
})

test('a month that a dump reads is left for later, and events are written meanwhile', { skip }, async () => {
  const url = await emptyDatabaseUrl()
  const db = await openDatabase(url)
  await migrate(db, new Date())
  await keep(db, '2026-01-20T00:00:00Z')
  await record(db, 'login_failed', '2026-01-20T00:00:00Z')
  const [reads, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const dump = (await openDatabase(url)).transaction(async (tx) => {
    await tx.query(sql`select count(*) from audit_events`)
    reads.resolve()
    await released.promise
  })
  await reads.promise
  const during = await keep(db, '2026-04-20T00:00:00Z')
  assert.deepEqual(during.dropped, [])
  assert.match(during.undone ?? '', /because of another transaction/)
  await record(db, 'login_failed', '2026-01-20T00:00:00Z')
  released.resolve()
  await dump
  const after = await keep(db, '2026-04-20T00:00:00Z')
  assert.deepEqual(after.dropped, ['audit_events_short_2026_01', 'audit_events_short_2026_02'])
  assert.deepEqual([after.made.length, after.undone], [6, null])
})

test('reads by user, session, time and address use an index in every partition', { skip }, async () => {
  const db = await migratedDatabase()
  await keep(db, '2026-01-20T00:00:00Z')
  await db.transaction(async (tx) => {
    await tx.query(raw('set local enable_seqscan = off'))
    for (const condition of [
      sql`user_id = ${7} order by at desc, id desc limit 100`,
      sql`session_id = ${'0198f0f0-0000-7000-8000-000000000000'} order by at desc, id desc limit 100`,
      sql`at >= ${new Date()} order by at desc, id desc limit 100`,
      sql`email_digest in (${'a'}, ${'b'})`,
      sql`id > ${7} order by id limit 100`,
    ]) {
      const plan = await tx.query<{ 'QUERY PLAN': string }>(
        sql`explain select id, details from audit_events where ${condition}`,
      )
      const text = plan.map((line) => line['QUERY PLAN']).join('\n')
      assert.match(text, /Index Scan|Bitmap Index Scan/)
      assert.doesNotMatch(text, /Seq Scan/, text)
    }
  })
})
