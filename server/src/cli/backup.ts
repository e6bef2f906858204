import { writeFact } from '../storage/database/installation.ts'
import { copySqlite } from '../storage/drivers/sqlite-backup.ts'
import { withDatabase } from './run/with-database.ts'
import { CommandError } from './terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from './terminal/output.ts'

/** `tessera backup`: copies the SQLite file, also while a server is running. */
export async function backupCommand(target: string, options: AnswerOptions): Promise<void> {
  await withDatabase({ mayCreate: false, schema: 'any' }, async ({ config, db, now }) => {
    const { database } = config.secrets
    if (database.kind !== 'sqlite')
      throw new CommandError('This command copies SQLite files; back up PostgreSQL with pg_dump, or with its archive.')
    const bytes = copySqlite(database.file, target)
    await writeFact(db, 'backed_up_at', now().toISOString())
    printOutcome(`Wrote ${target} (${bytes} bytes) and checked it.`, { written: target, bytes }, options)
  })
}
