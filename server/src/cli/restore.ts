import { existsSync } from 'node:fs'
import { endEverySession } from '../auth/session/end-sessions.ts'
import { migrate } from '../storage/database/migrate.ts'
import { replaceSqlite } from '../storage/drivers/sqlite-backup.ts'
import { claimMoving, claimServing } from '../storage/drivers/sqlite-serving.ts'
import { findSigningKeys, type SigningKeyRow } from '../storage/keys/signing-keys.ts'
import { readMaintenanceIfAny } from '../storage/transfer/maintenance.ts'
import { endMaintenance } from './move/maintenance.ts'
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
 * sessions of all users, because the backup does not know which have ended since. It names signing keys that are good again.
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
  const [serving, moving] = [claimServing(database.file), claimMoving(database.file)]
  if (!serving.isAlone)
    throw new CommandError(`A server is running on ${database.file}; stop it first. Nothing was restored.`)
  if (!moving.isAlone)
    throw new CommandError(`A move of ${database.file} is running; stop it with Ctrl-C first. Nothing was restored.`)
  try {
    const keysBefore = existsSync(database.file) ? await readKeysIfSound() : []
    const former = replaceSqlite(database.file, backup, new Date())
    await withDatabase({ mayCreate: false, schema: 'any' }, async (ctx) => {
      // A backup of a database in maintenance would refuse what follows.
      if ((await readMaintenanceIfAny(ctx.db)) !== null) await endMaintenance(ctx.db)
      await migrate(ctx.db, ctx.now())
      const ended = await endEverySession(ctx, { origin })
      const revived = revivedKeys(keysBefore, await findSigningKeys(ctx.db))
      const sentence = `Restored ${backup}, and ended ${ended} ${ended === 1 ? 'session' : 'sessions'}.`
      const kept = former === null ? '' : `\nThe former database is ${former}; delete it when you no longer need it.`
      const outcome = { restored: backup, ended, former, revived_keys: revived }
      printOutcome(sentence + kept + revivedSentence(revived), outcome, options)
    })
  } finally {
    moving.release()
    serving.release()
  }
}

/** Reads the keys of the database that is replaced, which may be damaged, or of an old version. */
async function readKeysIfSound(): Promise<SigningKeyRow[]> {
  try {
    return await withDatabase({ mayCreate: false, schema: 'any' }, ({ db }) => findSigningKeys(db))
  } catch {
    return []
  }
}

/** Returns the keys that were retired or refused, and that the backup does not know to be. */
function revivedKeys(before: readonly SigningKeyRow[], restored: readonly SigningKeyRow[]): string[] {
  return restored.flatMap(({ kid, retired_at, refused_at }) => {
    const known = before.find((key) => key.kid === kid)
    const isRetired = known?.retired_at && !retired_at
    const isRefused = known?.refused_at && !refused_at
    return isRetired || isRefused ? [kid] : []
  })
}

function revivedSentence(kids: readonly string[]): string {
  if (kids.length === 0) return ''
  const commands = kids.map((kid) => `\n  tessera keys retire ${kid} --now`)
  return `\nSigning keys that were retired since the backup are good again. Before you start a server, refuse them:${commands.join('')}`
}
