import { empty, raw, type Sql } from 'sql-template-tag'
import type { Unavailable } from './errors.ts'

type Dialect = 'sqlite' | 'postgres'

/**
 * Runs statements with the same results on both dialects: columns named `at` or `…_at` are `Date`, 64-bit ids are numbers,
 * JSON is text, and errors are those of `errors.ts`.
 */
export interface Queries {
  readonly dialect: Dialect
  query<Row extends object>(statement: Sql): Promise<Row[]>
  /** Tells what a transaction does, to be counted once it is committed; absent where nothing is counted. */
  tell?(done: Done): void
}

/** A step of a transaction that is counted. */
export type Done =
  | { what: 'session_opened'; kind: 'login' | 'pair' }
  | { what: 'sessions_ended'; reason: string; sessions: number }
  | { what: 'address_changed' }
  | { what: 'audited'; event: object }

export interface Transaction extends Queries {
  /** Runs SQL text of several statements; for migrations only. */
  script(text: string): Promise<void>
  /**
   * Runs one statement on another connection, outside this transaction, with no limit of time; for migrations on PostgreSQL.
   * The transaction must have locked nothing that the statement needs.
   */
  outside(statement: string): Promise<void>
}

export interface Troubles {
  /** The number of statements that failed because it has no room left, or can only be read. */
  cannotWrite: number
  /** The first error that says that its files are damaged. */
  damage: Unavailable | null
}

/** A statement for one item, which many callers ask for, and the statement that does the same for many items. */
export interface Together<Item, Result> {
  one(queries: Queries, item: Item): Promise<Result>
  /** Returns a result for each item, in their order. It runs on PostgreSQL only. */
  many(queries: Queries, items: readonly Item[]): Promise<Result[]>
  /** Keeps two items with the same key apart: the later one waits for the earlier one, and then gets `otherwise`. */
  exclusive?: { key(item: Item): string; otherwise: Result }
}

export interface Database extends Queries {
  /**
   * Commits what `run` wrote when it returns and rolls back when it throws. After a `Conflict` it runs again, up to
   * three times, so `run` must contain nothing but SQL: no hashing, no network, no effect outside the database.
   */
  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Runs a statement for an item. On PostgreSQL, one statement serves all items that are asked for in one turn of the event
   * loop, and begins after that: none sees less than it would have seen alone.
   */
  together<Item, Result>(together: Together<Item, Result>, item: Item): Promise<Result>
  /** Milliseconds to add to this process's clock to get the database's, so that replicas agree on the time. */
  clockOffsetMilliseconds(): number
  /** The connections to PostgreSQL, and the operations that wait for one. */
  connections(): { busy: number; idle: number; waiting: number }
  /** The troubles that this process has met so far. */
  readonly troubles: Troubles
  close(): Promise<void>
}

/** A clause that locks rows on PostgreSQL; SQLite's one writer needs none. */
export function lockClause({ dialect }: Pick<Queries, 'dialect'>, clause: string): Sql {
  return dialect === 'postgres' ? raw(clause) : empty
}

/**
 * Runs an operation that is several statements on SQLite and one on PostgreSQL. One statement is atomic without a
 * transaction, which saves PostgreSQL the round trips of `begin` and `commit`.
 */
export function atomically<T>(db: Database, run: (queries: Queries) => Promise<T>): Promise<T> {
  return db.dialect === 'postgres' ? run(db) : db.transaction(run)
}

/** Returns a clock that tells the database's time, given a clock of this process in milliseconds since 1970. */
export function databaseClock(db: Pick<Database, 'clockOffsetMilliseconds'>, clock: () => number): () => Date {
  return () => new Date(clock() + db.clockOffsetMilliseconds())
}
