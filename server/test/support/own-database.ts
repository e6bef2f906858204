import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import pg from 'pg'

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
