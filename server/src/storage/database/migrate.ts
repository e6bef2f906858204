import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import sql from 'sql-template-tag'
import type { Database, Transaction } from './database.ts'
import { Conflict, Unavailable, UnexpectedDatabaseError } from './errors.ts'
import { MIGRATIONS, readApplied, readSchemaState } from './schema-state.ts'

const INSUFFICIENT_PRIVILEGE = '42501'

/** Shorter than a request waits: those that queue behind a migration which waits for its lock are still answered. */
const LOCK_TIMEOUT_MILLISECONDS = 500
const BUSY_PAUSE_MILLISECONDS = 50
const MIN_PAUSE_MILLISECONDS = 1000
const MAX_PAUSE_MILLISECONDS = 2000

export interface MigrateOptions {
  /** The folder with a folder of SQL files for each dialect; that of the package by default. */
  migrations?: URL
  /** Called each time that a migration gave way to other transactions, before it is tried again. */
  onBlocked?: (name: string) => void
}

/**
 * Applies pending migrations, the numbered SQL files of the database's dialect, in order and each in a transaction of its
 * own. A file with `concurrently` runs statement by statement, outside a transaction. Replicas that start at the same time
 * wait for each other. If none is pending, the role needs no right to create tables.
 *
 * On PostgreSQL a migration waits for the locks of other transactions, such as a dump, without stopping others: it gives up
 * after half a second, lets the requests through that have queued behind it, and tries again, however long that takes.
 *
 * @returns the names of the migrations that this call applied
 * @throws {Unavailable} with the command to run, if the role may not apply them
 */
export async function migrate(db: Database, now: Date, options: MigrateOptions = {}): Promise<string[]> {
  const { migrations = MIGRATIONS, onBlocked = () => {} } = options
  const folder = new URL(`${db.dialect}/`, migrations)
  const { pending } = await readSchemaState(db, migrations)
  const applied: string[] = []
  try {
    for (const name of pending) {
      const text = await readFile(new URL(name, folder), 'utf8')
      const isNew = await insist(
        () => db.transaction((tx) => applyOne(tx, { name, text, now })),
        () => onBlocked(name),
      )
      if (isNew) applied.push(name)
    }
  } catch (error) {
    if (!(error instanceof UnexpectedDatabaseError) || error.place.code !== INSUFFICIENT_PRIVILEGE) throw error
    throw new Unavailable(
      `its role may not apply ${pending.join(', ')}; run tessera migrate as the owner of the tables`,
      {
        cause: error,
      },
    )
  }
  return applied
}

/** Another transaction holds a lock. It is no conflict, after which a transaction runs again at once. */
class Blocked extends Error {}

/** Another process migrates. Waiting for it inside a transaction would stop the indexes that it builds. */
class Busy extends Error {}

/** Runs an attempt until it is not blocked, with pauses of random length: replicas should not retry in step. */
async function insist<T>(attempt: () => Promise<T>, onBlocked: () => void): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof Busy) {
        await sleep(BUSY_PAUSE_MILLISECONDS)
        continue
      }
      if (!(error instanceof Blocked)) throw error
      onBlocked()
      await sleep(MIN_PAUSE_MILLISECONDS + Math.random() * (MAX_PAUSE_MILLISECONDS - MIN_PAUSE_MILLISECONDS))
    }
  }
}

/** @returns whether it was this call that applied the migration */
async function applyOne(
  tx: Transaction,
  { name, text, now }: { name: string; text: string; now: Date },
): Promise<boolean> {
  await takeLock(tx)
  // Another replica may have applied it while this one waited.
  if ((await readApplied(tx)).includes(name)) return false
  try {
    const statements = concurrentStatements(text)
    if (statements) await applyConcurrently(tx, statements)
    else await tx.script(`${lockTimeout(tx)}${text}`)
  } catch (error) {
    throw error instanceof Conflict ? new Blocked(error.message, { cause: error }) : error
  }
  await tx.query(sql`insert into migrations (name, applied_at) values (${name}, ${now})`)
  return true
}

function lockTimeout({ dialect }: Transaction): string {
  return dialect === 'postgres' ? `set local lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS};\n` : ''
}

/** Returns the statements of a file that cannot run in a transaction; null for any other file. */
function concurrentStatements(text: string): string[] | null {
  const code = text.replaceAll(/--.*$/gm, '')
  if (!/\bconcurrently\b/i.test(code)) return null
  return code
    .split(';')
    .map((statement) => statement.trim())
    .filter(Boolean)
}

/** Runs statements outside the transaction, whose lock other replicas wait for. An index that was left half-made is dropped. */
async function applyConcurrently(tx: Transaction, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    const [, index] = /\bindex\s+concurrently\s+(?:if\s+not\s+exists\s+)?"?(\w+)"?\s+on\b/i.exec(statement) ?? []
    if (index !== undefined && (await isInvalid(tx, index))) await tx.outside(`drop index concurrently ${index}`)
    await tx.outside(statement)
  }
}

async function isInvalid(tx: Transaction, index: string): Promise<boolean> {
  const rows = await tx.query(sql`
    select 1 as found from pg_index where indexrelid = to_regclass(${index}) and not indisvalid`)
  return rows.length > 0
}

/** Takes the lock of migrations until the end of the transaction, and creates their table. @throws {Busy} */
async function takeLock(tx: Transaction): Promise<void> {
  if (tx.dialect === 'postgres') {
    await tx.script('set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    // An arbitrary number identifies this lock. On SQLite, write transactions exclude each other without one.
    const rows = await tx.query<{ taken: boolean }>(sql`select pg_try_advisory_xact_lock(7375696382) as taken`)
    if (rows[0]?.taken !== true) throw new Busy()
    await tx.script('create table if not exists migrations (name text primary key, applied_at timestamptz not null)')
  } else {
    await tx.script('create table if not exists migrations (name text primary key, applied_at text not null) strict')
  }
}
