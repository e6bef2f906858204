import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { openDatabase } from '../../app/open-database.ts'
import { diagnose } from '../../config/reading/diagnose.ts'
import { type Environment, processEnvironment, readEnvironment } from '../../config/reading/environment.ts'
import { ConfigError } from '../../config/source/config-error.ts'
import { type Database, databaseClock } from '../../storage/database/database.ts'
import { readSchemaState } from '../../storage/database/schema-state.ts'
import { type Finding, failure, type Subject, within } from './check.ts'

const MAX_OPEN_MILLISECONDS = 5000
const OPTIONS = { acquireMilliseconds: 4000, statementMilliseconds: 4500, prepared: false, poolSize: 4 }

type Config = Subject['config']

/** Reads the settings from the environment and a file; a file that cannot be read is a problem like the others. */
export function readSurroundings(envFile: string | null): { environment: Environment; unreadable: Finding | null } {
  try {
    return { environment: readEnvironment(envFile), unreadable: null }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { environment: processEnvironment(), unreadable: failure(error.message, 'Correct that file.') }
  }
}

/** Opens an installation for checks, and closes it afterwards. It creates nothing. */
export async function withSubject<T>(
  environment: Environment,
  run: (subject: Subject) => Promise<T>,
  changes: Partial<Subject> = {},
): Promise<T> {
  const { config, problems } = diagnose(environment)
  const { db, unreachable } = await open(config)
  try {
    const hasTables = db !== null && (await knowsTables(db))
    const now = db ? databaseClock(db, Date.now) : () => new Date()
    const { version: nodeVersion } = process
    return await run({ config, problems, db, unreachable, hasTables, now, nodeVersion, nameServers: null, ...changes })
  } finally {
    await db?.close()
  }
}

async function open(config: Config): Promise<{ db: Database | null; unreachable: Finding | null }> {
  const { database } = config.secrets
  if (database.kind === 'sqlite' && !existsSync(database.file))
    return {
      db: null,
      unreachable: failure(`There is no database at ${resolve(database.file)}.`, 'tessera migrate'),
    }
  const opening = openDatabase(config, { info() {}, warn() {}, error() {} }, OPTIONS)
  try {
    const db = await within(opening, MAX_OPEN_MILLISECONDS)
    if (typeof db !== 'symbol') return { db, unreachable: null }
    opening.then((late) => late.close()).catch(() => {})
    return { db: null, unreachable: cannotOpen(`no answer within ${MAX_OPEN_MILLISECONDS / 1000} seconds`) }
  } catch (error) {
    return { db: null, unreachable: cannotOpen((error as Error).message) }
  }
}

function cannotOpen(reason: string): Finding {
  return failure(
    `The database cannot be used: ${reason}.`,
    'Start the database, or correct the host, user and password in DATABASE_URL.',
  )
}

async function knowsTables(db: Database): Promise<boolean> {
  try {
    return (await readSchemaState(db)).pending.length === 0
  } catch {
    return false // the check of migrations says why
  }
}
