import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import pg from 'pg'
import sql from 'sql-template-tag'
import { pgbouncerVersion, startPgbouncer } from '../../../harness/pgbouncer.ts'
import type { Database, Together } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { findChain } from '../../src/storage/session/refresh-tokens.ts'
import { findActiveSession, revokeSession } from '../../src/storage/session/sessions.ts'
import { insertChain, now } from '../support/chains.ts'
import { createDatabase, createRole, mayNotCreate } from '../support/own-database.ts'
import { migratedDatabase, onPostgres, recoveredErrors } from '../support/test-database.ts'

// Look-ups of one turn of the event loop, which PostgreSQL answers together.

const skip = !onPostgres && 'of PostgreSQL'

const sent: string[] = []
const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: Parameters<typeof query>) {
  const [first] = given as unknown as [string | { text: string }]
  sent.push(typeof first === 'string' ? first : first.text)
  return query.apply(this, given)
} as typeof query

async function insertSessions(db: Database, count: number) {
  const sessions: { id: string; userGuid: string; kind: 'login'; now: Date; userId: number }[] = []
  while (sessions.length < count) {
    const { id, user_id } = await insertChain(db)
    const [user] = await db.query<{ guid: string }>(sql`select guid from users where id = ${user_id}`)
    sessions.push({ id, userGuid: user?.guid ?? '', kind: 'login', now, userId: user_id })
  }
  return sessions
}

test('look-ups of one turn get what each would have got alone', async () => {
  const db = await migratedDatabase()
  const sessions = await insertSessions(db, 70)
  await db.transaction((tx) => revokeSession(tx, { id: sessions[3]?.id ?? '', reason: 'logout', now }))
  const asked = sessions.map((session, n) => {
    if (n === 5) return { ...session, userGuid: randomUUID() }
    if (n === 6) return { ...session, kind: 'pair' as const }
    if (n === 7) return { ...session, now: new Date('2030-01-01') }
    return n === 8 ? { ...session, id: randomUUID() } : session
  })
  const found = await Promise.all(asked.map((session) => findActiveSession(db, session)))
  for (const [n, session] of found.entries())
    assert.equal(session?.id, [3, 5, 6, 7, 8].includes(n) ? undefined : sessions[n]?.userId, String(n))
  const chains = await Promise.all(asked.map(({ id }) => findChain(db, id)))
  for (const [n, chain] of chains.entries()) {
    assert.equal(chain?.session_id, n === 8 ? undefined : sessions[n]?.id)
    if (chain) assert.deepEqual(chain, await findChain(db, chain.session_id))
  }
})

test('look-ups of one turn are one statement, and each of its own turn is one', { skip }, async () => {
  const db = await migratedDatabase()
  const sessions = await insertSessions(db, 40)
  await findActiveSession(db, sessions[0] as (typeof sessions)[0])
  sent.length = 0
  await Promise.all(sessions.map((session) => findActiveSession(db, session)))
  assert.equal(sent.length, 1)
  await Promise.all(sessions.map(({ id }) => findChain(db, id)))
  assert.equal(sent.length, 2)
  for (const session of sessions.slice(0, 3)) await findActiveSession(db, session)
  assert.equal(sent.length, 5)
  assert.ok(sent.slice(2).every((text) => !/unnest/.test(text)))
})

test('two requests never share what was found', async () => {
  const db = await migratedDatabase()
  const [session] = await insertSessions(db, 1)
  assert.ok(session)
  const [one, other] = await Promise.all([findActiveSession(db, session), findActiveSession(db, session)])
  assert.deepEqual(one, other)
  assert.notEqual(one, other)
  const [first, second] = await Promise.all([findChain(db, session.id), findChain(db, session.id)])
  assert.deepEqual(first, second)
  assert.notEqual(first, second)
  assert.notEqual(first?.tokens[0], second?.tokens[0])
})

test('a look-up that begins after an end was acknowledged sees it, whatever else is in progress', async () => {
  const db = await migratedDatabase()
  const sessions = await insertSessions(db, 24)
  const others = sessions.slice(4)
  const ends = sessions.slice(0, 4).map(async (session) => {
    await db.transaction((tx) => revokeSession(tx, { id: session.id, reason: 'logout', now }))
    const [found] = await Promise.all([session, ...others].map((each) => findActiveSession(db, each)))
    assert.equal(found, null)
  })
  await Promise.all(ends)
})

test('an item that fails does so alone', { skip }, async () => {
  const db = await migratedDatabase()
  const sessions = await insertSessions(db, 5)
  const found = await Promise.allSettled([...sessions.map(({ id }) => id), 'no id'].map((id) => findChain(db, id)))
  assert.deepEqual(
    found.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
  )
  assert.match(String((found[5] as PromiseRejectedResult).reason), /UnexpectedDatabaseError.*22P02/)
  recoveredErrors.length = 0
})

/** A statement that takes as long as its batch is told, and counts how often it begins. */
function slowStatement(seconds: number) {
  const runs = { one: 0, many: 0 }
  const slow: Together<number, number> = {
    async one(queries, n) {
      runs.one++
      await queries.query(sql`select pg_sleep(${seconds})`)
      return n
    },
    async many(queries, items) {
      runs.many++
      await queries.query(sql`select pg_sleep(${seconds})`)
      return [...items]
    },
  }
  return { runs, slow }
}

test('after a timeout nothing runs again, and what waited for its turn is refused in time', { skip }, async () => {
  const db = await migratedDatabase()
  const { runs, slow } = slowStatement(30)
  const first = [db.together(slow, 1), db.together(slow, 2)]
  let hasEnded = false
  first[0]?.catch(() => {
    hasEnded = true
  })
  while (runs.many === 0) await new Promise((resolve) => setImmediate(resolve))
  const waiting = [db.together(slow, 3), db.together(slow, 4)]
  for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected')
  assert.equal(hasEnded, false, 'they are told before the statement times out')
  for (const result of await Promise.allSettled(first)) {
    assert.equal(result.status, 'rejected')
    assert.equal((result.reason as Error).name, 'Unavailable')
  }
  assert.deepEqual(runs, { one: 0, many: 1 })
  const { slow: quick } = slowStatement(0)
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => db.together(quick, n))), [1, 2, 3])
})

test('more items than a batch takes follow in the next ones, in their order', { skip }, async () => {
  const db = await migratedDatabase()
  const { runs, slow } = slowStatement(0)
  const items = Array.from({ length: 150 }, (_, n) => n)
  assert.deepEqual(await Promise.all(items.map((n) => db.together(slow, n))), items)
  assert.deepEqual(runs, { one: 0, many: 3 })
})

test('items with one key are never in progress at the same time, and a later one is told so', { skip }, async () => {
  const db = await migratedDatabase()
  const { runs, slow } = slowStatement(0)
  const exclusive: typeof slow = { ...slow, exclusive: { key: (n) => String(n % 10), otherwise: -1 } }
  const answers = await Promise.all([1, 11, 2, 21].map((n) => db.together(exclusive, n)))
  assert.deepEqual(answers, [1, -1, 2, -1])
  assert.equal(await db.together(exclusive, 11), 11)
  assert.deepEqual(runs, { one: 1, many: 1 })
})

test('where the database has no connection for batches, single statements answer', { skip: mayNotCreate }, async () => {
  const url = await createDatabase()
  const { as } = await createRole('connection limit 3')
  const db = await openPostgres(as(url), () => {}, { poolSize: 10 })
  after(() => db.close())
  const end = Promise.withResolvers<void>()
  const begun = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const held = begun.map(({ resolve }) =>
    db.transaction(async (tx) => {
      await tx.query(sql`select 1 as one`)
      resolve()
      await end.promise
    }),
  )
  await Promise.all(begun.map(({ promise }) => promise))
  const { runs, slow } = slowStatement(0)
  const answers = Array.from({ length: 20 }, (_, n) => db.together(slow, n))
  while (runs.one === 0) await new Promise((resolve) => setImmediate(resolve))
  end.resolve()
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 20 }, (_, n) => n),
  )
  assert.deepEqual(runs, { one: 20, many: 0 })
  await Promise.all(held)
})

test('behind a pooler, batches leave no setting to others', {
  skip: mayNotCreate || (pgbouncerVersion() === null && 'there is no PgBouncer here'),
}, async () => {
  const pooler = await startPgbouncer(await createDatabase(), { default_pool_size: '3' })
  after(() => pooler.close())
  const db = await openPostgres(pooler.url, () => {}, { prepared: false })
  after(() => db.close())
  await migrate(db, new Date())
  const sessions = await insertSessions(db, 20)
  for (let round = 0; round < 5; round++) {
    sent.length = 0
    const found = await Promise.all(sessions.map((session) => findActiveSession(db, session)))
    assert.ok(found.every((session, n) => session?.id === sessions[n]?.userId))
    if (round > 0) assert.equal(sent.filter((text) => /unnest/.test(text)).length, 1)
  }
  const settings = () =>
    db.query<{ plans: string; scans: string }>(sql`
      select current_setting('plan_cache_mode') as plans, current_setting('enable_seqscan') as scans, pg_sleep(0.02)`)
  for (const [row] of await Promise.all(Array.from({ length: 10 }, settings)))
    assert.deepEqual([row?.plans, row?.scans], ['auto', 'on'])
})
