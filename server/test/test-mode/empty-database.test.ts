import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { migrate } from '../../src/storage/database/migrate.ts'
import { openSqlite } from '../../src/storage/drivers/sqlite.ts'
import { createEmptyDatabase } from '../../src/test-mode/server/empty-database.ts'
import { temporaryFolder } from '../support/test-database.ts'

const NOW = new Date(0)

/** Applies the pending migrations, and returns everything in the database. */
async function contents(file: string) {
  const db = await openSqlite(file, () => {}, { isDurable: false })
  const applied = await migrate(db, NOW)
  await db.close()
  const database = new DatabaseSync(file, { readOnly: true })
  const objects = database.prepare('select type, name, sql from sqlite_schema order by type, name').all()
  const names = objects.filter(({ type }) => type === 'table').map(({ name }) => String(name))
  const tables = names.filter((name) => !name.startsWith('sqlite_'))
  const rows = tables.map((name) => [name, database.prepare(`select * from "${name}"`).all()])
  database.close()
  return { applied, objects, rows: Object.fromEntries(rows) }
}

test('the database of a test server is what the migrations make', async () => {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  const migrated = await contents(join(folder, 'migrated.db'))
  createEmptyDatabase(join(folder, 'created.db'))
  const created = await contents(join(folder, 'created.db'))
  assert.deepEqual(created.objects, migrated.objects)
  assert.deepEqual(created.rows, migrated.rows)
  assert.ok(created.applied.length < migrated.applied.length, 'most of them were in its schema')
})
