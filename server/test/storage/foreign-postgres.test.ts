import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import pg from 'pg'
import sql, { raw } from 'sql-template-tag'
import { findUsers, insertUser } from '../../src/storage/account/users.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { UniqueViolation } from '../../src/storage/database/errors.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { translatePostgresError } from '../../src/storage/drivers/postgres-errors.ts'
import { startServer } from '../support/server.ts'
import { emptyDatabaseUrl, migratedDatabase, onPostgres, openDatabase } from '../support/test-database.ts'

// PostgreSQL as others set it up: another date style, another language, a role with few rights, a schema that changes.

const skip = !onPostgres && 'of PostgreSQL'

/** The URL of an empty schema whose connections start with settings of their own. */
async function urlWith(settings: string): Promise<string> {
  const url = new URL(await emptyDatabaseUrl())
  url.searchParams.set('options', `${url.searchParams.get('options')} ${settings}`)
  return url.href
}

test('dates are read whatever date style and time zone the database has', { skip }, async () => {
  for (const style of ['German', 'SQL,DMY', 'Postgres']) {
    const db = await openDatabase(await urlWith(`-c datestyle=${style} -c timezone=Asia/Kolkata`))
    await migrate(db, new Date())
    const at = new Date('2026-02-03T04:05:06.789Z')
    await db.query(sql`insert into audit_events (at, kind, details) values (${at}, ${'logout'}, ${'{}'})`)
    const rows = await db.query<{ at: Date }>(sql`select at from audit_events`)
    assert.deepEqual(rows, [{ at }], style)
  }
})

test('a time that cannot be read is an error and never null: null would let a disabled user in', { skip }, async () => {
  const db = await migratedDatabase()
  for (const time of ['infinity', '-infinity'])
    await assert.rejects(db.query(sql`select ${raw(`'${time}'`)}::timestamptz as at`), /cannot be read/)
})

test('errors are told by the names of constraints, whatever language the database speaks', () => {
  const russian = Object.assign(new pg.DatabaseError('повторяющееся значение ключа', 100, 'error'), {
    code: '23505',
    table: 'users',
    detail: 'Ключ "(email)=(ann@example.com)" уже существует.',
  })
  const names = { users_email_key: 'users.email', users_guid_key: 'users.guid', users_pkey: 'users.id' }
  for (const [constraint, column] of Object.entries(names))
    assert.throws(() => translatePostgresError(Object.assign(russian, { constraint })), new UniqueViolation(column))
})

test('each unique column of the schema is named by its violation', { skip }, async () => {
  const db = await migratedDatabase()
  const insert = (id: number, email: string, guid: string) =>
    db.query(sql`insert into users (id, email, guid, role, locale, created_at, updated_at) overriding system value
      values (${id}, ${email}, ${guid}, ${'user'}, ${'en'}, now(), now())`)
  const [one, other] = ['123e4567-e89b-12d3-a456-426614174001', '123e4567-e89b-12d3-a456-426614174002']
  await insert(1, 'a@example.com', one)
  await assert.rejects(insert(2, 'a@example.com', other), new UniqueViolation('users.email'))
  await assert.rejects(insert(2, 'b@example.com', one), new UniqueViolation('users.guid'))
  await assert.rejects(insert(1, 'b@example.com', other), new UniqueViolation('users.id'))
})

test('when a column changes its type under traffic, every connection recovers and no statement fails', {
  skip,
}, async () => {
  const db = await migratedDatabase()
  const readAll = () =>
    Promise.all(Array.from({ length: 30 }, () => db.query(sql`select first_name, pg_sleep(0.002) from users`)))
  const inTransaction = () => db.transaction((tx) => tx.query(sql`select first_name from users`))
  await readAll()
  await inTransaction()
  await db.query(raw('alter table users alter column first_name type varchar(400)'))
  await readAll()
  await inTransaction()
})

test('an unexpected database error is logged by its names, without the row', { skip }, async () => {
  const server = await startServer()
  await server.rows(raw("alter table users add constraint no_boom check (email <> 'boom@example.com')"))
  const user = { email: 'boom@example.com', password: 'a password to hide', first_name: 'Hidden' }
  assert.equal((await server.post('/api/v1/users/sign_up', { user })).status, 500)
  const log = JSON.stringify(server.logs)
  assert.match(log, /23514/)
  assert.match(log, /no_boom/)
  assert.doesNotMatch(log, /boom@example\.com|\$2b\$|argon2|Hidden|Failing row/)
})

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] ?? '' })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

async function isSuperuser(db: Database): Promise<boolean> {
  const rows = await db.query<{ is: string }>(sql`select current_setting('is_superuser') as "is"`)
  return rows[0]?.is === 'on'
}

test('a role that may not create tables serves a database that is up to date, and is told how to update another', {
  skip,
}, async (t) => {
  const db = await migratedDatabase()
  if (await isSuperuser(db)) return t.skip('nothing is forbidden to a superuser')
  await db.query(
    raw(`do $$ begin execute format('revoke create on schema %I from %I', current_schema(), current_user); end $$`),
  )
  assert.deepEqual(await migrate(db, new Date()), [])
  await db.query(sql`delete from migrations where name like '0002%' returning name`)
  await assert.rejects(migrate(db, new Date()), /may not apply 0002_\w+\.sql; run tessera migrate as the owner/)
})

test('a database in another encoding than UTF-8 is refused', { skip }, async (t) => {
  const name = `test_latin1_${randomBytes(6).toString('hex')}`
  try {
    await administer(`create database ${name} encoding 'LATIN1' locale 'C' template template0`)
  } catch {
    return t.skip('this role may not create databases')
  }
  after(() => administer(`drop database ${name}`))
  const url = new URL(process.env['TEST_DATABASE_URL'] ?? '')
  url.pathname = `/${name}`
  await assert.rejects(openDatabase(url.href), /its encoding is LATIN1, which cannot store every name/)
})

test('a search finds names in all letters where the locale of the database knows ASCII only', { skip }, async (t) => {
  const name = `test_ctype_c_${randomBytes(6).toString('hex')}`
  try {
    await administer(`create database ${name} encoding 'UTF8' locale 'C' template template0`)
  } catch {
    return t.skip('this role may not create databases')
  }
  after(() => administer(`drop database ${name} with (force)`))
  const url = new URL(process.env['TEST_DATABASE_URL'] ?? '')
  url.pathname = `/${name}`
  const db = await openDatabase(url.href)
  await migrate(db, new Date())
  const ivan = { guid: randomUUID(), email: 'ivan@example.com', first_name: 'ИВАН', last_name: 'Ёжиков' }
  await insertUser(db, { ...ivan, password_digest: null, role: 'user', locale: 'ru' }, new Date())
  for (const search of ['иван', 'ИВАН', 'ван ё', 'IVAN@'])
    assert.equal(
      (await findUsers(db, { role: null, onlyDisabled: false, search, afterId: 0, limit: 9 })).length,
      1,
      search,
    )
})
