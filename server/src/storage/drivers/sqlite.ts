import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'sql-template-tag'
import type { Database, Together, Transaction, Troubles } from '../database/database.ts'
import { Conflict, noteTrouble, type OnRecoveredError, rerunAfterConflict, Unavailable } from '../database/errors.ts'
import { asTransactionBody, refuseInsideTransaction } from '../database/transaction-guard.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { SqliteReader } from './sqlite-reader.ts'

interface SqliteOptions {
  isDurable?: boolean
  /** Called with the number of transactions that shared a commit. */
  onCommit?: (transactions: number) => void
}

/**
 * Opens (or creates) a SQLite file, with one writing connection behind a queue and one reading connection. Writes are
 * durable: WAL with `synchronous=FULL`, and a write is answered only after its commit.
 *
 * @param options.isDurable false for a file that need not outlive a crash of the machine
 */
export async function openSqlite(
  file: string,
  onRecoveredError: OnRecoveredError,
  { isDurable = true, onCommit = () => {} }: SqliteOptions = {},
): Promise<Database> {
  const writer = new SqliteConnection(file, { readOnly: false })
  try {
    // Processes that open a new file at the same time race to switch it to WAL; SQLite answers the losers "busy".
    await retryWhileBusy(() =>
      writer.script(
        `pragma journal_mode = wal; pragma synchronous = ${isDurable ? 'full' : 'off'}; pragma foreign_keys = on`,
      ),
    )
    const reader = new SqliteReader(new SqliteConnection(file, { readOnly: true }))
    return new SqliteDatabase(writer, reader, onRecoveredError, onCommit)
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
  readonly troubles: Troubles
  readonly #writer: SqliteConnection
  readonly #reader: SqliteReader
  readonly #onRecoveredError: OnRecoveredError
  readonly #onCommit: (transactions: number) => void
  readonly #queue: Job[] = []
  #draining: Promise<void> | null = null
  #closed = false

  constructor(
    writer: SqliteConnection,
    reader: SqliteReader,
    onRecoveredError: OnRecoveredError,
    onCommit: (transactions: number) => void,
  ) {
    this.#onCommit = onCommit
    this.#onRecoveredError = onRecoveredError
    this.#writer = writer
    this.#reader = reader
    this.troubles = reader.troubles
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    refuseInsideTransaction()
    if (/^\s*select\b/i.test(statement.strings[0] ?? '')) {
      return rerunAfterConflict(() => this.#reader.read<Row>(statement), this.#onRecoveredError)
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

  connections() {
    return { busy: 0, idle: 0, waiting: 0 }
  }

  together<Item, Result>({ one }: Together<Item, Result>, item: Item): Promise<Result> {
    return one(this, item)
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

  /** Runs the jobs one after another, each in a savepoint, and settles them only when all are on disk. */
  async #commitTogether(jobs: Job[]): Promise<void> {
    const settlers: (() => void)[] = []
    try {
      await retryWhileBusy(() => this.#writer.script('begin immediate'), jobs[0]?.arrivedAt)
      for (const job of jobs) settlers.push(await this.#runInSavepoint(job))
      this.#writer.script('commit')
      this.#onCommit(jobs.length)
    } catch (error) {
      // The whole transaction failed: nothing of any job is on disk.
      this.#rollBack()
      noteTrouble(this.troubles, error)
      const failure = error instanceof Conflict ? new Unavailable('SQLite stayed busy', { cause: error }) : error
      for (const job of jobs) job.reject(failure)
      return
    }
    for (const settle of settlers) settle()
  }

  #rollBack(): void {
    try {
      if (this.#writer.inTransaction) this.#writer.script('rollback')
    } catch (error) {
      this.#onRecoveredError(error as Error) // the queue must still settle the jobs that wait
    }
  }

  /**
   * Runs one job and returns the function that settles it. Throws only if SQLite ended the whole transaction; an error of
   * the job itself rejects only that job.
   */
  async #runInSavepoint(job: Job): Promise<() => void> {
    const tx = new SqliteTransaction(this.#writer)
    this.#writer.script('savepoint job')
    try {
      const value = await asTransactionBody(() => job.run(tx))
      this.#writer.script('release job')
      return () => job.resolve(value)
    } catch (error) {
      if (!this.#writer.inTransaction) throw error
      noteTrouble(this.troubles, error)
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

  async outside(): Promise<never> {
    throw new Error('SQLite has one writer, so nothing is written outside its transaction')
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
 * Waits with a timer, never inside SQLite, while another process (such as a command) holds the write lock. The timeout
 * counts from the arrival of the oldest job, so that no job waits for the timeouts of earlier ones.
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
