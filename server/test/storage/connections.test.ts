import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { connectionBudget } from '../../src/storage/database/connection-budget.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { administer, createDatabase } from '../support/own-database.ts'
import { onPostgres } from '../support/test-database.ts'

const skip = !onPostgres && 'of PostgreSQL'

/** The address of a new database, for a role that may have this many connections. */
async function urlWithLimit(connections: number): Promise<string> {
  const role = `test_${randomBytes(6).toString('hex')}`
  await administer(`create role ${role} login connection limit ${connections}`)
  after(() => administer(`drop role ${role}`))
  const url = new URL(await createDatabase())
  url.username = role
  return url.href
}

test('where the database refuses more connections, requests wait for those that there are', { skip }, async () => {
  const url = await urlWithLimit(3)
  const db = await openPostgres(url, () => {}, { poolSize: 10 })
  after(() => db.close())
  for (let round = 0; round < 3; round++) {
    const asked = Array.from({ length: 60 }, () => db.query<{ one: number }>(sql`select 1 as one, pg_sleep(0.005)`))
    for (const [row] of await Promise.all(asked)) assert.equal(row?.one, 1)
  }
  assert.equal(await connectionBudget(db), 3)
})

test('a request waits for its share of a connection no longer than for a full pool', { skip }, async () => {
  const url = await urlWithLimit(2)
  const db = await openPostgres(url, () => {}, { poolSize: 10 })
  const asked = [1, 2, 3].map(() => db.query(sql`select pg_sleep(1.1)`))
  const outcomes = (await Promise.allSettled(asked)).map(({ status }) => status).sort()
  assert.deepEqual(outcomes, ['fulfilled', 'fulfilled', 'rejected'])
  await db.close()
})
