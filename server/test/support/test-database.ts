import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { createSchema } from '../../../harness/temporary-schema.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { openPostgres } from '../../src/storage/drivers/postgres.ts'
import { openSqlite } from '../../src/storage/drivers/sqlite.ts'

/** Whether this run of the suite uses PostgreSQL; see run.ts. */
export const onPostgres = process.env['TEST_DATABASE'] === 'postgres'

/** Errors that the databases of this file recovered from, above all deadlocks. */
export const recoveredErrors: Error[] = []

/** Creates an empty database, dropped after the tests of the file, and returns its `DATABASE_URL`. */
export async function emptyDatabaseUrl(): Promise<string> {
  if (!onPostgres) return emptySqliteUrl()
  const { url, drop } = await createSchema(process.env['TEST_DATABASE_URL'] ?? '')
  after(drop)
  return url
}

export function emptySqliteUrl(): string {
  return `sqlite:${join(temporaryFolder(), 'tessera.db')}`
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function openDatabase(url: string): Promise<Database> {
  const onRecoveredError = (error: Error) => recoveredErrors.push(error)
  const database = url.startsWith('sqlite:')
    ? await openSqlite(url.slice('sqlite:'.length), onRecoveredError)
    : await openPostgres(url, onRecoveredError)
  let closing: Promise<void> | null = null
  const close = database.close.bind(database)
  database.close = () => (closing ??= close())
  after(() => database.close())
  return database
}

export async function migratedDatabase(): Promise<Database> {
  const database = await openDatabase(await emptyDatabaseUrl())
  await migrate(database, new Date())
  return database
}
