import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { openDatabase } from '../../app/open-database.ts'
import type { Context } from '../../auth/context/context.ts'
import type { Origin } from '../../auth/context/origin.ts'
import { type Config, readConfig } from '../../config/config.ts'
import { readEnvironment } from '../../config/environment.ts'
import { databaseClock } from '../../storage/database/database.ts'
import { migrate } from '../../storage/database/migrate.ts'
import { singleLine } from '../../text/safe-text.ts'
import { CommandError } from '../terminal/command-error.ts'

/** The context of a command: the configured database, and its time. */
export interface CommandContext extends Pick<Context, 'db' | 'now' | 'random' | 'log'> {
  config: Config
}

/** The actor of the audit events that commands write: the command line, and its user of the operating system. */
export const COMMAND_LINE: Origin = { ip: null, userAgent: `tessera (command line) by ${systemUser()}` }

function systemUser(): string {
  try {
    return singleLine(userInfo().username, 64)
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}` // containers run under ids that have no name
  }
}

/** It waits longer than requests, because an operator at a terminal can. Preparing statements would not pay. */
const OPTIONS = { acquireMilliseconds: 15_000, statementMilliseconds: 60_000, prepared: false }

/**
 * Opens the configured database for one command, whether or not servers are running, and closes it afterwards. Applies
 * pending migrations first, as a start does.
 *
 * @param options.mayCreate whether to create a missing SQLite file; a command that only reads reports it as an error
 * @param run also gets the names of the migrations that were applied
 */
export async function withDatabase<T>(
  options: { mayCreate: boolean },
  run: (ctx: CommandContext, applied: string[]) => Promise<T>,
): Promise<T> {
  const config = readConfig(readEnvironment(), { serves: false })
  const { database } = config.secrets
  if (database.kind === 'sqlite' && !options.mayCreate && !existsSync(database.file)) {
    throw new CommandError(
      `There is no database at ${database.file} yet; start the server once, or run: tessera migrate`,
    )
  }
  const log = { info() {}, warn() {}, error() {} }
  const db = await openDatabase(config, log, OPTIONS)
  try {
    const now = databaseClock(db, Date.now)
    const applied = await migrate(db, now())
    return await run({ config, db, now, random: randomBytes, log }, applied)
  } finally {
    await db.close()
  }
}
