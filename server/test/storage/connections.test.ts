import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { connectionBudget } from '../../src/storage/database/connection-budget.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { createDatabase, createRole, mayNotCreate } from '../support/own-database.ts'

const skip = mayNotCreate

/** The address of a new database, for a role that may have this many connections. */
async function urlWithLimit(connections: number): Promise<string> {
  // The database first: it is dropped before the role, whose connections its drop ends.
  const url = await createDatabase()
  const { as } = await createRole(`connection limit ${connections}`)
  return as(url)
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
  const end = Promise.withResolvers<void>()
  const hold = () => {
    const begun = Promise.withResolvers<void>()
    const held = db.transaction(async (tx) => {
      await tx.query(sql`select 1 as one`)
      begun.resolve()
      await end.promise
    })
    return { begun: begun.promise, held }
  }
  const both = [hold(), hold()]
  await Promise.all(both.map(({ begun }) => begun))
  await assert.rejects(db.query(sql`select 1 as one`), { name: 'Unavailable' })
  end.resolve()
  await Promise.all(both.map(({ held }) => held))
  await db.close()
})
