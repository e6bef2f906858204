import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import sql from 'sql-template-tag'
import type { Database } from '../../src/storage/database/database.ts'
import { writeFact } from '../../src/storage/database/installation.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { MIGRATIONS, readSchemaState } from '../../src/storage/database/schema-state.ts'
import { startServer } from '../support/server.ts'
import { runToEnd } from '../support/server-process.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import {
  emptyDatabaseUrl,
  migratedDatabase,
  onPostgres,
  openDatabase,
  temporaryFolder,
} from '../support/test-database.ts'
import { logInNewUser, me, refresh } from '../support/users.ts'

const skip = !onPostgres && 'SQLite has one writer'

/** The migrations of a version to come: ours, and more. */
function migrationsWith(files: Record<string, string>): URL {
  const folder = temporaryFolder()
  cpSync(MIGRATIONS, folder, { recursive: true })
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, onPostgres ? 'postgres' : 'sqlite', name), text)
  return pathToFileURL(`${folder}/`)
}

/** Holds what a dump holds, a lock for reading, until the returned function is called. */
async function readForLong(db: Database): Promise<() => Promise<void>> {
  const [reads, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const reading = db.transaction(async (tx) => {
    await tx.script('set local idle_in_transaction_session_timeout = 0')
    await tx.query(sql`select count(*) from users`)
    await tx.query(sql`select count(*) from sessions`)
    reads.resolve()
    await released.promise
  })
  await reads.promise
  return async () => {
    released.resolve()
    await reading
  }
}

test('a migration that waits for a long transaction fails no request, and is applied afterwards', {
  skip,
}, async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  const release = await readForLong(await openDatabase(server.databaseUrl))
  const blocked = Promise.withResolvers<void>()
  let times = 0
  const migrating = migrate(await openDatabase(server.databaseUrl), new Date(), {
    migrations: migrationsWith({ '0099_region.sql': 'alter table users add column region text;' }),
    onBlocked: () => ++times === 2 && blocked.resolve(),
  })
  let [isOver, token] = [false, login.refresh_token]
  void blocked.promise.then(() => {
    isOver = true
  })
  while (!isOver) {
    assert.equal((await me(server, login.access_token)).status, 200)
    const answer = await refresh(server, token)
    assert.equal(answer.status, 200, answer.text)
    token = answer.body.refresh_token ?? token
  }
  await release()
  assert.deepEqual(await migrating, ['0099_region.sql'])
  assert.equal((await me(server, login.access_token)).status, 200)
})

test('an index is built without stopping writes, and one that was left half-made is built again', {
  skip,
}, async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  const db = await openDatabase(server.databaseUrl)
  await db.query(sql`update users set last_name = ${'Doe'} returning id`)
  // Two users have the name, so this fails and leaves an index that is not valid.
  const halfMade = 'create unique index concurrently users_last_name on users (last_name)'
  await assert.rejects(db.transaction((tx) => tx.outside(halfMade)))
  const release = await readForLong(db) // a build waits for older transactions
  const migrating = migrate(db, new Date(), {
    migrations: migrationsWith({
      '0099_index.sql': '-- for lists\ncreate index concurrently if not exists users_last_name on users (last_name);\n',
    }),
  })
  for (let n = 0; n < 20; n++) assert.equal((await me(server, login.access_token)).status, 200)
  await release()
  assert.deepEqual(await migrating, ['0099_index.sql'])
  const rows = await db.query<{ valid: boolean }>(
    sql`select indisvalid as valid from pg_index where indexrelid = 'users_last_name'::regclass`,
  )
  assert.deepEqual(rows, [{ valid: true }])
})

test('a process that is killed in a migration leaves nothing that stops the next one: indexes may be there already', () => {
  const folder = join(import.meta.dirname, '../../migrations/postgres')
  for (const file of readdirSync(folder))
    assert.doesNotMatch(readFileSync(join(folder, file), 'utf8'), /index concurrently (?!if not exists)/, file)
})

test('each migration is a transaction of its own: what was applied before a failure stays', async () => {
  const db = await openDatabase(await emptyDatabaseUrl())
  const migrations = migrationsWith({
    '0098_good.sql': 'create table good (id integer);',
    '0099_bad.sql': 'create table bad (id integer); select no_such_column from good;',
  })
  await assert.rejects(migrate(db, new Date(), { migrations }))
  const { pending } = await readSchemaState(db, migrations)
  assert.deepEqual(pending, ['0099_bad.sql'])
  await db.query(sql`select id from good`)
  await assert.rejects(db.query(sql`select id from bad`))
})

test('only a start and tessera migrate change a schema; other commands say what to run', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const db = await openDatabase(databaseUrl)
  await migrate(db, new Date())
  await db.query(sql`delete from migrations where name like '0003%' returning name`)
  const tessera = tesseraCli({ databaseUrl })
  const behind =
    /^tessera: The database is behind by 1 migration \(0003_\w+\.sql\); run tessera migrate, or start the server\.\n$/
  for (const line of [
    'users list',
    'audit',
    'sessions list',
    'clean-up',
    'limits list',
    'outbox list',
    'users export',
  ]) {
    const { code, output } = await tessera(line)
    assert.equal(code, 1, output)
    assert.match(output, behind, line)
  }
  const check = await tessera('migrate --check')
  assert.deepEqual(
    [check.code, /behind by 1 migration \(0003_\w+\.sql\); run: tessera migrate/.test(check.output)],
    [1, true],
  )
  assert.equal((await readSchemaState(db)).pending.length, 1)
  const off = await runToEnd(['start'], { environment: { DATABASE_URL: databaseUrl, MIGRATE: 'off' } })
  assert.equal(off.code, 1)
  assert.match(
    off.output,
    /^tessera: The database is behind by 1 migration .* and MIGRATE is off; run: tessera migrate\n$/,
  )
})

test('tessera migrate --check exits with 0 when there is nothing to do, and creates no database', async () => {
  const db = await migratedDatabase()
  assert.equal((await readSchemaState(db)).pending.length, 0)
  const databaseUrl = await emptyDatabaseUrl()
  const tessera = tesseraCli({ databaseUrl })
  assert.equal((await tessera('migrate --check')).code, 1)
  assert.equal((await tessera('migrate')).code, 0)
  const check = await tessera('migrate --check')
  assert.deepEqual([check.code, check.output], [0, 'The database is up to date.\n'])
})

test('a schema of a newer version is named, and refused when it says that this version may not serve', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const db = await openDatabase(databaseUrl)
  await migrate(db, new Date())
  await db.query(
    sql`insert into migrations (name, applied_at) values (${'0999_later.sql'}, ${new Date()}) returning name`,
  )
  const tessera = tesseraCli({ databaseUrl })
  const newer = await tessera('migrate')
  assert.equal(newer.code, 0)
  assert.match(newer.output, /^A newer version has applied 0999_later\.sql, .*\nThe database is up to date\.\n$/)
  assert.equal((await tessera('users list')).code, 0)
  await writeFact(db, 'minimum_version', '999')
  const refusal =
    /(^|\n)tessera: The database cannot be used: its schema is too new: it needs a version that knows migration 999/
  for (const line of ['migrate', 'users list', 'start']) {
    const { code, output } = await tessera(line)
    assert.equal(code, 1)
    assert.match(output, refusal, line)
  }
})
