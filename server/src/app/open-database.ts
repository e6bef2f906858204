import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/reading/config.ts'
import type { Log } from '../observe/log.ts'
import { logRecoveredErrors } from '../observe/recovered-errors.ts'
import type { Database } from '../storage/database/database.ts'
import { Conflict, StaleConnection, Unavailable } from '../storage/database/errors.ts'
import type { PostgresOptions } from '../storage/drivers/postgres.ts'
import { openSqlite } from '../storage/drivers/sqlite.ts'
import { claimServing } from '../storage/drivers/sqlite-serving.ts'

/**
 * Opens the configured database. A SQLite file and its folder are created if they are missing.
 *
 * @param options only for PostgreSQL; those of requests by default
 */
export async function openDatabase(
  { secrets: { database }, preparedStatements: prepared, poolSize }: Config,
  log: Log,
  {
    onRetry = () => {},
    onCommit = () => {},
    ...options
  }: Partial<PostgresOptions> & {
    onRetry?: (reason: RetryReason) => void
    /** Called with the number of transactions that shared a commit of SQLite. */
    onCommit?: (transactions: number) => void
  } = {},
): Promise<Database> {
  const logError = logRecoveredErrors(log, 'database')
  const onRecoveredError = (error: Error) => {
    onRetry(retryReason(error))
    logError(error)
  }
  // Drivers are loaded only where they are used: loading them takes a quarter of a start.
  if (database.kind === 'postgres') {
    const { openPostgres } = await import('../storage/drivers/postgres.ts')
    return openPostgres(database.url, onRecoveredError, {
      prepared,
      poolSize,
      onWarning: (text) => log.warn({}, text),
      ...options,
    })
  }
  try {
    mkdirSync(dirname(database.file), { recursive: true, mode: 0o700 })
    closeSync(openSync(database.file, 'a', 0o600)) // SQLite gives its other files the same mode
  } catch (error) {
    throw new Unavailable((error as Error).message, { cause: error })
  }
  return openSqlite(database.file, onRecoveredError, { isDurable: !database.isTemporary, onCommit })
}

type RetryReason = 'conflict' | 'stale' | 'connection_lost'

function retryReason(error: Error): RetryReason {
  if (error instanceof StaleConnection) return 'stale'
  return error instanceof Conflict ? 'conflict' : 'connection_lost'
}

/** Warns of a second server on a SQLite file. Returns a function that releases the file. */
export function claimFile({ secrets: { database } }: Config, log: Log): () => void {
  if (database.kind !== 'sqlite') return () => {}
  try {
    const { isAlone, release } = claimServing(database.file)
    if (!isAlone)
      log.warn(
        { file: database.file },
        'another server serves this SQLite file: each counts limits by itself; for several servers, use PostgreSQL',
      )
    return release
  } catch (error) {
    log.warn({ reason: (error as Error).message }, 'whether another server serves this SQLite file is unknown')
    return () => {}
  }
}
