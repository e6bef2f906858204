import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'sql-template-tag'
import type { Database, Transaction } from '../database/database.ts'
import { Conflict, type OnRecoveredError, rerunAfterConflict, Unavailable } from '../database/errors.ts'
import { asTransactionBody, refuseInsideTransaction } from '../database/transaction-guard.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { SqliteReader } from './sqlite-reader.ts'

/**
 * Opens (or creates) a SQLite file: one writing connection behind a queue, one reading connection beside it. Durable:
 * WAL with `synchronous=FULL`, answered only after the commit that holds the write.
 */
export async function openSqlite(file: string, onRecoveredError: OnRecoveredError): Promise<Database> {
  const writer = new SqliteConnection(file, { readOnly: false })
  try {
    // Several processes that open a new file at once race for the switch to WAL; SQLite answers the losers "busy".
    await retryWhileBusy(() =>
      writer.script('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on'),
    )
    const reader = new SqliteReader(new SqliteConnection(file, { readOnly: true }))
    return new SqliteDatabase(writer, reader, onRecoveredError)
  } catch (error) {
    writer.close()
    throw error
  }
}

interface Job {
  arrivedAt: number
  run: (tx: Transaction) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

const MAX_JOBS_PER_COMMIT = 64

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly #writer: SqliteConnection
  readonly #reader: SqliteReader
  readonly #onTrouble: OnRecoveredError
  readonly #queue: Job[] = []
  #draining: Promise<void> | null = null
  #closed = false

  constructor(writer: SqliteConnection, reader: SqliteReader, onRecoveredError: OnRecoveredError) {
    this.#onTrouble = onRecoveredError
    this.#writer = writer
    this.#reader = reader
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    refuseInsideTransaction()
    if (/^\s*select\b/i.test(statement.strings[0] ?? '')) {
      return rerunAfterConflict(() => this.#reader.read<Row>(statement), this.#onTrouble)
    }
    return this.transaction((tx) => tx.query<Row>(statement))
  }

  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T> {
    refuseInsideTransaction()
    if (this.#closed) return Promise.reject(new Unavailable('the database is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ arrivedAt: performance.now(), run, resolve: resolve as Job['resolve'], reject })
      this.#draining ??= this.#drain()
    })
  }

  clockOffsetMilliseconds(): number {
    return 0
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#draining
    this.#reader.close()
    this.#writer.close()
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Requests that arrive in the same turn of the event loop share a commit, and so its fsync.
      await nextTurn()
      await this.#commitTogether(this.#queue.splice(0, MAX_JOBS_PER_COMMIT))
    }
    this.#draining = null
  }

  /** Runs the jobs one after another, a savepoint each, and answers them only when all are on disk. */
  async #commitTogether(jobs: Job[]): Promise<void> {
    const answers: (() => void)[] = []
    try {
      await retryWhileBusy(() => this.#writer.script('begin immediate'), jobs[0]?.arrivedAt)
      for (const job of jobs) answers.push(await this.#runInSavepoint(job))
      this.#writer.script('commit')
    } catch (error) {
      // The commit, or SQLite's hold on the whole transaction, failed: nothing of any job is on disk.
      this.#rollBack()
      const failure = error instanceof Conflict ? new Unavailable('SQLite stayed busy', { cause: error }) : error
      for (const job of jobs) job.reject(failure)
      return
    }
    for (const answer of answers) answer()
  }

  #rollBack(): void {
    try {
      if (this.#writer.inTransaction) this.#writer.script('rollback')
    } catch (error) {
      this.#onTrouble(error as Error) // the queue must go on to answer those who wait
    }
  }

  /** Throws only when SQLite ended the whole transaction; a job's own failure is its own answer. */
  async #runInSavepoint(job: Job): Promise<() => void> {
    const tx = new SqliteTransaction(this.#writer)
    this.#writer.script('savepoint job')
    try {
      const value = await asTransactionBody(() => job.run(tx))
      this.#writer.script('release job')
      return () => job.resolve(value)
    } catch (error) {
      if (!this.#writer.inTransaction) throw error
      this.#writer.script('rollback to job; release job')
      return () => job.reject(error instanceof Conflict ? new Unavailable('SQLite is busy', { cause: error }) : error)
    } finally {
      tx.end()
    }
  }
}

class SqliteTransaction implements Transaction {
  readonly dialect = 'sqlite'
  readonly #writer: SqliteConnection
  #ended = false

  constructor(writer: SqliteConnection) {
    this.#writer = writer
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    return this.#open().run<Row>(statement)
  }

  async script(text: string): Promise<void> {
    this.#open().script(text)
  }

  end(): void {
    this.#ended = true
  }

  #open(): SqliteConnection {
    if (this.#ended) throw new Error('the transaction has ended')
    return this.#writer
  }
}

const LOCK_TIMEOUT_MILLISECONDS = 1500

/**
 * Waits with a timer, never inside SQLite, while another process (the command line) holds the write lock. Patience is
 * counted from the arrival of who waits longest, so that nobody waits for those before them to give up.
 */
async function retryWhileBusy(run: () => void, since = performance.now()): Promise<void> {
  const giveUpAt = since + LOCK_TIMEOUT_MILLISECONDS
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Conflict) || performance.now() > giveUpAt) throw error
      await sleep(wait * (0.5 + Math.random() / 2))
    }
  }
}
