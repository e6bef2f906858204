import { text } from 'node:stream/consumers'
import { openDatabase } from '../../app/open-database.ts'
import type { Config } from '../../config/reading/config.ts'
import { DATABASE_SETTINGS } from '../../config/settings/database-settings.ts'
import { ConfigError } from '../../config/source/config-error.ts'
import type { Database } from '../../storage/database/database.ts'
import { CommandError } from '../terminal/command-error.ts'

/** The database that rows are moved into. */
export interface Target {
  db: Database
  /** Its host, port and name: neither user nor password. */
  name: string
}

/** A page of rows, a sorted table or an index may take long. */
const OPTIONS = { acquireMilliseconds: 15_000, statementMilliseconds: 3_600_000, prepared: false, poolSize: 4 }

/** Returns the address that a command got, or for `-` the one on standard input, which other users of the machine cannot see. */
export async function readAddress(argument: string): Promise<string> {
  return argument === '-' ? (await text(process.stdin)).trim() : argument
}

/** @throws {CommandError} that does not repeat the address, which may have a password */
export async function openTarget(config: Config, address: string): Promise<Target> {
  const database = parse(address)
  const url = new URL(database.url)
  const host = url.host || (url.searchParams.get('host') ?? 'localhost')
  const name = `${host}${decodeURI(url.pathname)}`
  try {
    const log = { info() {}, warn() {}, error() {} }
    const db = await openDatabase({ ...config, secrets: { ...config.secrets, database } }, log, OPTIONS)
    return { db, name }
  } catch (error) {
    throw new CommandError(`The target ${name} cannot be used: ${(error as Error).message}. Nothing was moved.`)
  }
}

function parse(address: string): { kind: 'postgres'; url: string } {
  if (!/^postgres(ql)?:\/\//.test(address))
    throw new CommandError('The target must look like postgres://user:password@host/database. Nothing was moved.')
  try {
    const database = DATABASE_SETTINGS.database.read(address, 'The target')
    if (database.kind === 'postgres') return database
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new CommandError(`${error.message.replaceAll('DATABASE_URL', 'The target')} Nothing was moved.`)
  }
  throw new CommandError('The target is no PostgreSQL database. Nothing was moved.')
}
