import { existsSync } from 'node:fs'
import { endEverySession } from '../auth/session/end-sessions.ts'
import { migrate } from '../storage/database/migrate.ts'
import { replaceSqlite } from '../storage/drivers/sqlite-backup.ts'
import { claimServing } from '../storage/drivers/sqlite-serving.ts'
import { readSettings } from './run/read-settings.ts'
import { COMMAND_LINE as origin, withDatabase } from './run/with-database.ts'
import { CommandError } from './terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from './terminal/output.ts'
import { confirm } from './terminal/read-password.ts'

interface RestoreOptions extends AnswerOptions {
  yes?: boolean
}

/**
 * `tessera restore`: puts a backup in the place of the SQLite file that no server serves, keeps the former one, and ends the
 * sessions of all users, because the backup does not know which have ended since.
 */
export async function restoreCommand(backup: string, options: RestoreOptions): Promise<void> {
  const { yes = false } = options
  const { database } = readSettings({ serves: false }).secrets
  if (database.kind !== 'sqlite')
    throw new CommandError(
      'This command restores SQLite files; restore PostgreSQL with its own programs, then run: tessera sessions end --all',
    )
  if (!existsSync(backup)) throw new CommandError(`There is no file ${backup}.`)
  if (!yes && !(await confirm(`Replace ${database.file} by ${backup}, and end the sessions of all users?`)))
    throw new CommandError('Nothing was restored.')
  const serving = claimServing(database.file)
  if (!serving.isAlone)
    throw new CommandError(`A server is running on ${database.file}; stop it first. Nothing was restored.`)
  try {
    const former = replaceSqlite(database.file, backup, new Date())
    await withDatabase({ mayCreate: false, schema: 'any' }, async (ctx) => {
      await migrate(ctx.db, ctx.now())
      const ended = await endEverySession(ctx, { origin })
      const sentence = `Restored ${backup}, and ended ${ended} ${ended === 1 ? 'session' : 'sessions'}.`
      const kept = former === null ? '' : `\nThe former database is ${former}; delete it when you no longer need it.`
      printOutcome(sentence + kept, { restored: backup, ended, former }, options)
    })
  } finally {
    serving.release()
  }
}
