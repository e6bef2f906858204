import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import pg from 'pg'
import { onPostgres } from './test-database.ts'

/** The reason to skip tests that create databases and roles; false if the role of `TEST_DATABASE_URL` may. */
export const mayNotCreate = onPostgres ? await findMissingRight() : 'of PostgreSQL'

async function findMissingRight(): Promise<string | false> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] ?? '' })
  await client.connect()
  const { rows } = await client.query<{ may: boolean }>(
    'select rolsuper or (rolcreatedb and rolcreaterole) as may from pg_roles where rolname = current_user',
  )
  await client.end()
  return rows[0]?.may ? false : 'the role of TEST_DATABASE_URL may not create databases and roles'
}

/** Runs statements as the role of `TEST_DATABASE_URL`, outside any test's schema. */
export async function administer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] ?? '' })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/**
 * Creates a PostgreSQL database, dropped after the tests of the file, and returns its address: for what a schema cannot
 * show, such as poolers and roles.
 *
 * @param options the end of `create database`
 */
export async function createDatabase(options = ''): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(`create database ${name} ${options}`)
  after(() => administer(`drop database ${name} with (force)`))
  const url = new URL(process.env['TEST_DATABASE_URL'] ?? '')
  url.pathname = `/${name}`
  return url.href
}

/**
 * Creates a role that may log in, dropped after the tests of the file, and returns a function that puts it into an address.
 *
 * @param options the end of `create role`
 */
export async function createRole(options = ''): Promise<{ role: string; as: (url: string) => string }> {
  const role = `test_${randomBytes(6).toString('hex')}`
  // A member of the role may end its connections, as the end of its database does.
  await administer(`create role ${role} login password '${role}' ${options}`, `grant ${role} to current_user`)
  after(() => administer(`drop role ${role}`))
  return {
    role,
    as(databaseUrl) {
      const url = new URL(databaseUrl)
      url.username = role
      url.password = role
      return url.href
    },
  }
}
