import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import sql from 'sql-template-tag'
import { pgbouncerVersion, startPgbouncer } from '../../../harness/pgbouncer.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { administer, createDatabase, mayNotCreate } from '../support/own-database.ts'
import { migratedDatabase, onPostgres } from '../support/test-database.ts'

// PostgreSQL behind a connection pooler, in transaction mode.

const version = pgbouncerVersion()
const skip = mayNotCreate || (version === null && 'there is no PgBouncer here')

async function open(url: string, options: Parameters<typeof openPostgres>[2] = {}): Promise<Database> {
  const db = await openPostgres(url, () => {}, options)
  after(() => db.close())
  return db
}

/** The address of a new database behind a pooler. */
async function pooledUrl(settings: Record<string, string> = {}): Promise<string> {
  const pooler = await startPgbouncer(await createDatabase(), settings)
  after(() => pooler.close())
  return pooler.url
}

test('a statement has the same name in every process, whatever ran first', {
  skip: !onPostgres && 'of PostgreSQL',
}, async () => {
  const [first, second] = [await migratedDatabase(), await migratedDatabase()]
  const one = (db: Database) => db.query(sql`select 1 as one where ${1} = 1`)
  const two = (db: Database) => db.query(sql`select 2 as two where ${1} = 1`)
  const names = (db: Database, run: ((db: Database) => Promise<unknown>)[]) =>
    db.transaction(async (tx) => {
      for (const each of run) await each(tx as unknown as Database)
      return tx.query<{ name: string; statement: string }>(sql`
        select name, statement from pg_prepared_statements where statement like ${'select _ as % where $1 = 1'} order by statement`)
    })
  const [a, b] = [await names(first, [one, two]), await names(second, [two, one])]
  assert.deepEqual(a, b)
  assert.deepEqual(new Set(a.map(({ name }) => name)).size, 2)
  for (const { name } of a) assert.match(name, /^tessera_[\w-]{24}$/)
})

test('a connection whose prepared statements are lost or taken says so in one sentence', {
  skip: !onPostgres && 'of PostgreSQL',
}, async () => {
  const db = await migratedDatabase()
  const text = sql`select 3 as three`
  const lost = db.transaction(async (tx) => {
    await tx.query(text)
    await tx.script('deallocate all')
    return tx.query(text)
  })
  await assert.rejects(lost, { name: 'Unavailable', message: /26000.*pooler.*DATABASE_PREPARED=off/ })
  const name = `tessera_${createHash('sha256').update('select 5 as five').digest('base64url').slice(0, 24)}`
  const taken = db.transaction(async (tx) => {
    await tx.script(`prepare "${name}" as select 6`)
    return tx.query(sql`select 5 as five`)
  })
  await assert.rejects(taken, { name: 'Unavailable', message: /42P05/ })
})

test('a start behind a pooler that loses prepared statements is refused with what to set', { skip }, async () => {
  const knows = (version?.[1] ?? 0) >= 21
  const url = await pooledUrl(knows ? { max_prepared_statements: '0' } : {})
  for (let start = 0; start < 3; start++)
    await assert.rejects(open(url), { name: 'Unavailable', message: /set DATABASE_PREPARED=off/ })
})

test('with DATABASE_PREPARED=off, processes that share connections never run the statement of another', {
  skip,
}, async () => {
  const url = await pooledUrl({ default_pool_size: '2' })
  const [a, b] = [await open(url, { prepared: false }), await open(url, { prepared: false })]
  await migrate(a, new Date())
  const ask = async (db: Database, n: number) => {
    const text = n % 2 === 0 ? sql`select ${n}::int as n, 'even' as kind` : sql`select ${n}::int as n, 'odd' as kind`
    return (await db.query<{ n: number; kind: string }>(text))[0]
  }
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n % 3 === 0 ? a : b, n)))
  assert.deepEqual(
    answers,
    Array.from({ length: 200 }, (_, n) => ({ n, kind: n % 2 === 0 ? 'even' : 'odd' })),
  )
})

test('behind a pooler that ignores the timeouts of a connection, no statement outlives its timeout in the database', {
  skip,
}, async () => {
  const direct = await createDatabase()
  const pooler = await startPgbouncer(direct)
  after(() => pooler.close())
  const warnings: string[] = []
  const db = await open(pooler.url, { prepared: false, onWarning: (sentence) => warnings.push(sentence) })
  await migrate(db, new Date())
  assert.match(warnings[0] ?? '', /alter role \S+ in database \S+ set statement_timeout = '1200ms'/)
  const other = await open(direct)
  const waiting = async () => {
    const rows = await other.query<{ count: number }>(sql`
      select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
    return rows[0]?.count ?? 0
  }
  const release = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const locking = other.transaction(async (tx) => {
    await tx.script('lock table users; set local idle_in_transaction_session_timeout = 0')
    locked.resolve()
    await release.promise
  })
  await locked.promise
  const asked = Array.from({ length: 40 }, () => db.query(sql`select count(*) from users`))
  for (const result of await Promise.allSettled(asked)) assert.equal(result.status, 'rejected')
  while ((await waiting()) > 0) await nextTurn() // the lock is held until the next line
  release.resolve()
  await locking
  await db.query(sql`select count(*) from users`)
})

test('a role whose timeouts are set needs no more round trips, and does not limit commands', { skip }, async () => {
  const direct = await createDatabase()
  const database = new URL(direct).pathname.slice(1)
  for (const setting of ["statement_timeout = '1200ms'", "idle_in_transaction_session_timeout = '10s'"])
    await administer(`alter role current_user in database ${database} set ${setting}`)
  const pooler = await startPgbouncer(direct)
  after(() => pooler.close())
  const warnings: string[] = []
  await open(pooler.url, { prepared: false, onWarning: (sentence) => warnings.push(sentence) })
  assert.deepEqual(warnings, [])
  const command = await open(pooler.url, { prepared: false, statementMilliseconds: 60_000 })
  await command.query(sql`select pg_sleep(1.3)`)
})
