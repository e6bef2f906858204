import { readFileSync } from 'node:fs'
import { SqliteConnection } from '../../storage/drivers/sqlite-connection.ts'

/** The schema that the migrations make; `npm run test-schema` writes it. */
const SCHEMA = new URL('../../../migrations/test-mode/schema.sql', import.meta.url)

/**
 * Creates the database of a test server in one step, which takes a tenth of the time that its migrations take one by one.
 * Migrations that are newer than the schema's file are applied after it, as by any start.
 */
export function createEmptyDatabase(file: string): void {
  const connection = new SqliteConnection(file, { readOnly: false })
  try {
    connection.script(
      `pragma journal_mode = off; pragma synchronous = off; begin; ${readFileSync(SCHEMA, 'utf8')} commit`,
    )
  } finally {
    connection.close()
  }
}
