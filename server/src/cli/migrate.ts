import { openDatabase } from '../app.ts'
import { readConfig, readEnvironment } from '../config.ts'
import { migrate } from '../storage/migrate.ts'

/** `tessera migrate`: applies what the database has not seen, beside running servers if need be. */
export async function migrateCommand(): Promise<void> {
  const config = readConfig(readEnvironment())
  const db = await openDatabase(config, { info() {}, warn() {}, error() {} })
  try {
    const applied = await migrate(db, new Date(Date.now() + db.clockOffsetMilliseconds()))
    process.stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The database is up to date.\n')
  } finally {
    await db.close()
  }
}
