import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { empty, raw, type Sql } from 'sql-template-tag'

export type Dialect = 'sqlite' | 'postgres'

/**
 * What storage needs of a database, alike on both dialects: columns named `at` or `…_at` are `Date`, 64-bit ids are numbers,
 * JSON is text, and the only errors that come up are {@link UniqueViolation}, {@link Conflict} and {@link Unavailable}.
 */
export interface Queries {
  readonly dialect: Dialect
  query<Row extends object>(statement: Sql): Promise<Row[]>
}

export interface Transaction extends Queries {
  /** Runs SQL text of several statements; for migrations only. */
  script(text: string): Promise<void>
}

export interface Database extends Queries {
  /**
   * Commits what `run` wrote when it returns and rolls back when it throws. After a {@link Conflict} it is run again,
   * three times at most, so `run` must do nothing but SQL: no hashing, no network, no effect outside the database.
   */
  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T>
  /** Milliseconds to add to this process's clock to get the database's: replicas must agree on what time it is. */
  clockOffsetMilliseconds(): number
  close(): Promise<void>
}

/** A unique column already holds this value. `column` reads `table.column` on both dialects. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
  readonly column: string
  constructor(column: string) {
    super(`not unique: ${column}`)
    this.column = column
  }
}

/** Deadlock, serialization failure or busy: the transaction was rolled back and may be run again. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
}

/** The database cannot be reached or cannot write. Whether a commit under way took effect is unknown. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  /** The connection ended at once, rather than after a time-out: trying again may find another one at work. */
  readonly connectionLost: boolean
  constructor(message: string, options: { cause?: unknown; connectionLost?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.connectionLost = options.connectionLost ?? false
  }
}

/** A clause that locks rows on PostgreSQL; SQLite's one writer needs none. */
export function lockClause({ dialect }: Pick<Queries, 'dialect'>, clause: string): Sql {
  return dialect === 'postgres' ? raw(clause) : empty
}

/**
 * Runs what is several statements on SQLite and a single one, atomic by itself, on PostgreSQL: there the round trips of
 * `begin` and `commit` are saved.
 */
export function atomically<T>(db: Database, run: (queries: Queries) => Promise<T>): Promise<T> {
  return db.dialect === 'postgres' ? run(db) : db.transaction(run)
}

const RERUNS_AFTER_CONFLICT = 3

/** Told of what the database went through without anybody else noticing. */
export type OnTrouble = (error: Error) => void

export async function rerunAfterConflict<T>(run: () => Promise<T>, onTrouble: OnTrouble): Promise<T> {
  for (let reruns = 0; ; reruns++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      onTrouble(error)
      if (reruns === RERUNS_AFTER_CONFLICT) throw new Unavailable('conflicts did not end', { cause: error })
      await sleep(5 * 2 ** reruns)
    }
  }
}

const insideTransaction = new AsyncLocalStorage<true>()

/** Runs a transaction's body so that {@link refuseInsideTransaction} can tell. */
export function asTransactionBody<T>(run: () => Promise<T>): Promise<T> {
  return insideTransaction.run(true, run)
}

/**
 * Inside a transaction everything must go through its `tx`: a neighbour on SQLite's one writing connection would wait for
 * itself, and on either dialect a statement beside the transaction would not see, or not share, its fate.
 */
export function refuseInsideTransaction(): void {
  if (insideTransaction.getStore()) throw new Error('the database was used inside a transaction: use its tx')
}

/** A value as both drivers take it. `undefined` and values that one driver would silently bend are refused. */
export function toParameter(value: unknown): string | number | null {
  if (value === null) return null
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new TypeError('a text parameter contains NUL')
    return value
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Date) return value.toISOString()
  throw new TypeError(`not a database parameter: ${value === undefined ? 'undefined' : typeof value}`)
}
