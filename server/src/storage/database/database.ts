import { empty, raw, type Sql } from 'sql-template-tag'

export type Dialect = 'sqlite' | 'postgres'

/**
 * What storage needs of a database, alike on both dialects: columns named `at` or `…_at` are `Date`, 64-bit ids are numbers,
 * JSON is text, and the only errors that come up are those of `errors.ts`.
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
   * Commits what `run` wrote when it returns and rolls back when it throws. After a `Conflict` it is run again,
   * three times at most, so `run` must do nothing but SQL: no hashing, no network, no effect outside the database.
   */
  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T>
  /** Milliseconds to add to this process's clock to get the database's: replicas must agree on what time it is. */
  clockOffsetMilliseconds(): number
  close(): Promise<void>
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

/** The time of the database by a clock of this process, in milliseconds since 1970. */
export function databaseClock(db: Pick<Database, 'clockOffsetMilliseconds'>, clock: () => number): () => Date {
  return () => new Date(clock() + db.clockOffsetMilliseconds())
}
