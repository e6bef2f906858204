import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { addressDigests } from '../../app/build-context.ts'
import { openDatabase } from '../../app/open-database.ts'
import { ruleSettings } from '../../app/rule-settings.ts'
import type { Context } from '../../auth/context/context.ts'
import type { Origin } from '../../auth/context/origin.ts'
import type { Config } from '../../config/reading/config.ts'
import { databaseClock } from '../../storage/database/database.ts'
import { migrate } from '../../storage/database/migrate.ts'
import { describeMigrations, readSchemaState, refuseNewerSchema } from '../../storage/database/schema-state.ts'
import { singleLine } from '../../text/safe-text.ts'
import { CommandError } from '../terminal/command-error.ts'
import { readSettings, whereSettingsCameFrom } from './read-settings.ts'

/** The context of a command: the configured database, and its time. */
export interface CommandContext extends Pick<Context, 'db' | 'now' | 'addresses' | 'random' | 'log' | 'settings'> {
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
 * Opens the configured database for one command, whether or not servers are running, and closes it afterwards. Only a
 * start and `tessera migrate` change its schema: a command of a newer version must not do so on the side.
 *
 * @param options.mayCreate whether to create a missing SQLite file, and the tables of an empty database; a command that
 *   only reads reports them as an error
 * @param options.schema `any`: the command runs whether or not migrations are pending
 */
export async function withDatabase<T>(
  options: { mayCreate: boolean; schema?: 'any' },
  run: (ctx: CommandContext) => Promise<T>,
): Promise<T> {
  const config = readSettings({ serves: false })
  const { database } = config.secrets
  if (database.kind === 'sqlite' && !options.mayCreate && !existsSync(database.file)) {
    throw new CommandError(
      `There is no database at ${resolve(database.file)}. ${whereSettingsCameFrom()} A new database is made by: tessera migrate`,
    )
  }
  const log = { info() {}, warn() {}, error() {} }
  const db = await openDatabase(config, log, OPTIONS)
  try {
    const addresses = addressDigests(config)
    const settings = ruleSettings(config)
    const ctx = { config, settings, db, now: databaseClock(db, Date.now), addresses, random: randomBytes, log }
    if (options.schema !== 'any') await requireSchema(ctx, options)
    return await run(ctx)
  } finally {
    await db.close()
  }
}

async function requireSchema({ db, now }: CommandContext, { mayCreate }: { mayCreate: boolean }): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  if (state.isEmpty && mayCreate) await migrate(db, now())
  else if (state.pending.length > 0)
    throw new CommandError(
      `The database is behind by ${describeMigrations(state.pending)}; run tessera migrate, or start the server.`,
    )
}
