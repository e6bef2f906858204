import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { pgbouncerVersion, startPgbouncer } from '../../../harness/pgbouncer.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { createDatabase } from '../support/own-database.ts'
import { migratedDatabase, onPostgres } from '../support/test-database.ts'

// PostgreSQL behind a connection pooler, in transaction mode.

const version = pgbouncerVersion()
const skip = (!onPostgres && 'of PostgreSQL') || (version === null && 'there is no PgBouncer here')

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
