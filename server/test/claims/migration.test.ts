import assert from 'node:assert/strict'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import sql from 'sql-template-tag'
import { migrate } from '../../src/storage/database/migrate.ts'
import { MIGRATIONS } from '../../src/storage/database/schema-state.ts'
import { emptyDatabaseUrl, openDatabase, temporaryFolder } from '../support/test-database.ts'

/** The migrations of the version before claims. */
function earlierMigrations(): URL {
  const folder = temporaryFolder()
  cpSync(MIGRATIONS, folder, { recursive: true })
  for (const dialect of ['sqlite', 'postgres'])
    for (const name of readdirSync(join(folder, dialect))) if (name >= '0007') rmSync(join(folder, dialect, name))
  return pathToFileURL(`${folder}/`)
}

test('roles, sessions and ids survive the migration, and every role can be stored after it', async () => {
  const db = await openDatabase(await emptyDatabaseUrl())
  const now = new Date()
  await migrate(db, now, { migrations: earlierMigrations() })
  for (const [email, role] of [
    ['user@example.com', 'user'],
    ['admin@example.com', 'admin'],
  ] as const)
    await db.query(sql`
      insert into users (guid, email, role, created_at, updated_at)
      values (${crypto.randomUUID()}, ${email}, ${role}, ${now}, ${now}) returning id`)
  await db.query(sql`
    insert into sessions (id, user_id, kind, rotation, ip, auth_time, amr, created_at, expires_at)
    values (${crypto.randomUUID()}, ${2}, ${'login'}, ${'strict'}, ${'192.0.2.1'}, ${now}, ${'pwd'}, ${now}, ${now})
    returning id`)
  await migrate(db, now)
  const users = await db.query(sql`select id, email, role, claims from users order by id`)
  assert.deepEqual(users.map(Object.values), [
    [1, 'user@example.com', 'user', '{}'],
    [2, 'admin@example.com', 'admin', '{}'],
  ])
  const sessions = await db.query(sql`select user_id, claims from sessions`)
  assert.deepEqual(sessions.map(Object.values), [[2, '{}']])
  await db.query(sql`update users set role = ${'pilot'} where id = ${1} returning id`)
})
