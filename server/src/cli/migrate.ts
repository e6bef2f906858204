import { readConfig, readEnvironment } from '../config.ts'
import { openDatabase } from '../open-database.ts'
import { migrate } from '../storage/migrate.ts'
import { say } from './output.ts'

/** `tessera migrate`: applies what the database has not seen, beside running servers if need be. */
export async function migrateCommand(): Promise<void> {
  const db = await openDatabase(readConfig(readEnvironment()), { info() {}, warn() {}, error() {} })
  try {
    const applied = await migrate(db, new Date(Date.now() + db.clockOffsetMilliseconds()))
    say(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.')
  } finally {
    await db.close()
  }
}
