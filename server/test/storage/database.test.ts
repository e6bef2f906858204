import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import type { Database } from '../../src/storage/database/database.ts'
import { Conflict, UniqueViolation } from '../../src/storage/database/errors.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { readSchemaState } from '../../src/storage/database/schema-state.ts'
import { SqliteConnection } from '../../src/storage/drivers/sqlite-connection.ts'
import { SqliteReader } from '../../src/storage/drivers/sqlite-reader.ts'
import { emptyDatabaseUrl, migratedDatabase, onPostgres, openDatabase } from '../support/test-database.ts'

const now = new Date('2026-01-02T03:04:05.678Z')

function insertLimit(db: Pick<Database, 'query'>, key: string, points = 1) {
  return db.query<{ key: string }>(
    sql`insert into rate_limits (key, points, expires_at) values (${key}, ${points}, ${now}) returning key`,
  )
}

async function keys(db: Database): Promise<string[]> {
  const rows = await db.query<{ key: string }>(sql`select key from rate_limits order by key`)
  return rows.map((row) => row.key)
}

test('dates are read back as dates, to the millisecond, and ids as numbers', async () => {
  const db = await migratedDatabase()
  await db.query(sql`insert into audit_events (at, kind, details) values (${now}, ${'logout'}, ${'{"a":1}'})`)
  const rows = await db.query<{ id: number; at: Date; details: string }>(sql`select id, at, details from audit_events`)
  assert.deepEqual(rows[0]?.at, now)
  assert.equal(rows[0]?.id, 1)
  assert.deepEqual(JSON.parse(rows[0]?.details ?? ''), { a: 1 })
})

test('a parameter that a driver would convert silently is refused', async () => {
  const db = await migratedDatabase()
  for (const value of [undefined, Number.NaN, true, {}, 'a\0b', new Date(Number.NaN)]) {
    await assert.rejects(insertLimit(db, value as string), /parameter|Invalid time value/)
  }
  assert.deepEqual(await keys(db), [])
})

test('a transaction that throws is rolled back, and concurrent transactions commit', async () => {
  const db = await migratedDatabase()
  const results = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((key) =>
      db.transaction(async (tx) => {
        await insertLimit(tx, key)
        if (key === 'b') throw new Error('no')
      }),
    ),
  )
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(await keys(db), ['a', 'c', 'd'])
})

test('writes of a transaction are invisible to others before its commit', async () => {
  const db = await migratedDatabase()
  const written = Promise.withResolvers<void>()
  const seen = Promise.withResolvers<void>()
  const transaction = db.transaction(async (tx) => {
    await insertLimit(tx, 'a')
    written.resolve()
    await seen.promise
  })
  await written.promise
  assert.deepEqual(await keys(db), [])
  seen.resolve()
  await transaction
  assert.deepEqual(await keys(db), ['a'])
})

test('concurrent reads each get their own result and see everything committed before', async () => {
  const db = await migratedDatabase()
  for (const key of ['a', 'b', 'c']) {
    await insertLimit(db, key)
    const failing = db.query(sql`select no_such_column from rate_limits`)
    const [first, failed, last] = await Promise.allSettled([keys(db), failing, keys(db)])
    const expected = ['a', 'b', 'c'].slice(0, 1 + ['a', 'b', 'c'].indexOf(key))
    for (const read of [first, last]) assert.deepEqual(read, { status: 'fulfilled', value: expected })
    assert.equal(failed.status, 'rejected')
  }
})

test('a read that makes SQLite roll the transaction back does not affect other reads', {
  skip: onPostgres && 'needs SQLite',
}, async () => {
  const file = (await emptyDatabaseUrl()).slice('sqlite:'.length)
  const reader = new SqliteReader(new SqliteConnection(file, { readOnly: false }))
  const one = async () => (await reader.read<{ one: number }>(sql`select 1 as one`))[0]?.one
  for (let round = 0; round < 2; round++)
    assert.deepEqual(await Promise.all([one(), reader.read(sql`rollback`), one()]), [1, [], 1])
  reader.close()
})

test('a unique violation names its column and rolls back only its own statement', async () => {
  const db = await migratedDatabase()
  await insertLimit(db, 'a')
  await assert.rejects(insertLimit(db, 'a'), (error) => {
    assert.ok(error instanceof UniqueViolation)
    assert.equal(error.column, 'rate_limits.key')
    return true
  })
  assert.deepEqual(await keys(db), ['a'])
})

test('the database cannot be used inside a transaction, nor a transaction after its end', async () => {
  const db = await migratedDatabase()
  await assert.rejects(
    db.transaction(() => keys(db)),
    /inside a transaction/,
  )
  await assert.rejects(
    db.transaction(() => db.transaction(async () => {})),
    /inside a transaction/,
  )
  const leaked = await db.transaction(async (tx) => tx)
  await assert.rejects(insertLimit(leaked, 'a'), /has ended/)
})

test('a transaction that conflicts is run again at most three times', {
  skip: !onPostgres && 'SQLite has one writer: its transactions do not conflict',
}, async () => {
  const db = await migratedDatabase()
  let runs = 0
  const conflictUntil = (last: number) =>
    db.transaction(async (tx) => {
      await insertLimit(tx, `run ${++runs} of ${last}`)
      if (runs < last) throw new Conflict('made up')
    })
  await conflictUntil(4)
  assert.deepEqual(await keys(db), ['run 4 of 4'])
  runs = 0
  await assert.rejects(conflictUntil(5), { name: 'Unavailable' })
  assert.equal(runs, 4)
})

test('SQLite syncs to disk before a commit is acknowledged', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const db = await migratedDatabase()
  const [synchronous] = await db.query<{ synchronous: number }>(sql`pragma synchronous`)
  assert.equal(synchronous?.synchronous, 2)
  const [journal] = await db.query<{ journal_mode: string }>(sql`pragma journal_mode`)
  assert.equal(journal?.journal_mode, 'wal')
})

test('when SQLite rolls back a shared transaction, everything in it fails', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const db = await migratedDatabase()
  const results = await Promise.allSettled([
    insertLimit(db, 'a'),
    db.transaction(async (tx) => {
      await tx.script('rollback')
      throw new Error('SQLite gave up')
    }),
    insertLimit(db, 'b'),
  ])
  assert.deepEqual(
    results.map((result) => result.status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(await keys(db), [])
  await insertLimit(db, 'c')
  assert.deepEqual(await keys(db), ['c'])
})

test('closing waits for queries and transactions in progress', {
  skip: onPostgres && 'a pool rejects callers that still wait for a connection; requests are drained first',
}, async () => {
  const url = await emptyDatabaseUrl()
  const db = await openDatabase(url)
  await migrate(db, now)
  const begun = Array.from({ length: 20 }, (_, n) => db.transaction((tx) => insertLimit(tx, `k${n}`)))
  const read = keys(db)
  await Promise.all([db.close(), read, ...begun])
  assert.equal((await keys(await openDatabase(url))).length, 20)
})

test('six connections can open and migrate an empty database at once, and each migration is applied once', async () => {
  const url = await emptyDatabaseUrl()
  const databases = await Promise.all(Array.from({ length: 6 }, () => openDatabase(url)))
  const applied = await Promise.all(databases.map((db) => migrate(db, now)))
  const { known } = await readSchemaState(databases[0] as Database)
  assert.deepEqual(applied.flat().sort(), known)
  assert.deepEqual(await Promise.all(databases.map((db) => migrate(db, now))), [[], [], [], [], [], []])
})

test('transactions that arrive together each get their own result', async () => {
  const db = await migratedDatabase()
  const many = onPostgres ? 50 : 200 // on SQLite more than fit into one commit
  const results = await Promise.all(
    Array.from({ length: many }, (_, n) => db.transaction(async (tx) => (await insertLimit(tx, `k${n}`))[0]?.key)),
  )
  assert.deepEqual(
    results,
    Array.from({ length: many }, (_, n) => `k${n}`),
  )
  assert.equal((await keys(db)).length, many)
})
