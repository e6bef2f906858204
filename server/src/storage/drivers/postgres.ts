import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Database, Transaction } from '../database/database.ts'
import { type OnRecoveredError, rerunAfterConflict, StaleConnection, Unavailable } from '../database/errors.ts'
import { asTransactionBody, refuseInsideTransaction } from '../database/transaction-guard.ts'
import { toParameter } from './parameter.ts'
import { translatePostgresError } from './postgres-errors.ts'
import { PostgresClient, typeParser } from './postgres-types.ts'

// Together below two seconds: an outage is answered 503 while the caller still listens.
const ACQUIRE_TIMEOUT_MILLISECONDS = 700
const CONNECT_TIMEOUT_MILLISECONDS = 15_000
const STATEMENT_TIMEOUT_MILLISECONDS = 1200
const CLOCK_CHECK_MILLISECONDS = 30_000
const NO_TIMEOUT = 2 ** 31 - 1 // 0 would mean the pool's

/** The longest that one use of the database may wait. */
export interface PostgresTimeouts {
  acquireMilliseconds: number
  statementMilliseconds: number
}

const REQUEST_TIMEOUTS: PostgresTimeouts = {
  acquireMilliseconds: ACQUIRE_TIMEOUT_MILLISECONDS,
  statementMilliseconds: STATEMENT_TIMEOUT_MILLISECONDS,
}

/**
 * Opens a pool. Its first connection may take fifteen seconds: a database may be far away, or wake up.
 *
 * @throws {Unavailable} when the database does not answer, or cannot hold every text
 */
export async function openPostgres(
  url: string,
  onRecoveredError: OnRecoveredError,
  timeouts: PostgresTimeouts = REQUEST_TIMEOUTS,
): Promise<Database> {
  const pool = new pg.Pool({
    Client: PostgresClient,
    connectionString: url,
    max: 10,
    // A request waits less long; the connection that it waited for is still made, or none ever would be.
    connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
    idleTimeoutMillis: 10_000,
    // The server's own limits end what this process no longer waits for, and what a stopped process left open.
    statement_timeout: timeouts.statementMilliseconds,
    query_timeout: timeouts.statementMilliseconds,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: 'tessera',
    types: { getTypeParser: typeParser },
  })
  // Without a listener the end of a connection, idle or at work, would end the process.
  pool.on('error', onRecoveredError)
  pool.on('connect', (connection) => connection.on('error', onRecoveredError))
  const database = new PostgresDatabase(pool, onRecoveredError, timeouts)
  try {
    await database.checkEncoding()
    await database.measureClock()
  } catch (error) {
    await pool.end()
    throw error
  }
  return database
}

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly #pool: pg.Pool
  readonly #onTrouble: OnRecoveredError
  readonly #clockTimer: NodeJS.Timeout
  readonly #acquireMilliseconds: number
  readonly #connectedAt = new WeakMap<pg.PoolClient, number>()
  #clockOffset = 0
  /** Connections of before are stale: the schema has changed under their prepared statements. */
  #freshSince = 0

  constructor(pool: pg.Pool, onRecoveredError: OnRecoveredError, { acquireMilliseconds }: PostgresTimeouts) {
    this.#pool = pool
    this.#acquireMilliseconds = acquireMilliseconds
    pool.on('connect', (connection) => this.#connectedAt.set(connection, performance.now()))
    this.#onTrouble = onRecoveredError
    this.#clockTimer = setInterval(() => this.measureClock().catch(() => {}), CLOCK_CHECK_MILLISECONDS).unref()
  }

  query<Row extends object>(statement: Sql): Promise<Row[]> {
    refuseInsideTransaction()
    return this.#rerunOnConnection((connection) => run<Row>(connection, statement))
  }

  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
    refuseInsideTransaction()
    return this.#rerunOnConnection(async (connection) => {
      const tx = new PostgresTransaction(connection)
      await plain(connection, 'begin')
      try {
        const value = await asTransactionBody(() => body(tx))
        await plain(connection, 'commit')
        return value
      } catch (error) {
        if (!(error instanceof Unavailable)) await plain(connection, 'rollback')
        throw error
      } finally {
        tx.end()
      }
    })
  }

  clockOffsetMilliseconds(): number {
    return this.#clockOffset
  }

  /** Waits for the first connection for as long as it takes to make one. */
  async checkEncoding(): Promise<void> {
    const connection = await this.#connect(CONNECT_TIMEOUT_MILLISECONDS)
    try {
      const result = await plain(connection, `select current_setting('server_encoding') as encoding`)
      const { encoding } = result.rows[0] as { encoding: string }
      if (encoding !== 'UTF8')
        throw new Unavailable(
          `its encoding is ${encoding}, which cannot hold every name; create it with encoding 'UTF8'`,
        )
    } finally {
      connection.release()
    }
  }

  async measureClock(): Promise<void> {
    await this.#withConnection(async (connection) => {
      const before = Date.now()
      const result = await plain(connection, 'select clock_timestamp() as now_at')
      const databaseNow = (result.rows[0] as { now_at: Date }).now_at.getTime()
      this.#clockOffset = Math.round(databaseNow - (before + Date.now()) / 2)
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#clockTimer)
    await this.#pool.end()
  }

  #rerunOnConnection<T>(use: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
    return rerunAfterConflict(() => this.#withConnection(use), this.#onTrouble)
  }

  async #withConnection<T>(use: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
    const connection = await this.#connect(this.#acquireMilliseconds)
    let broken = true
    try {
      const value = await use(connection)
      broken = false
      return value
    } catch (error) {
      broken = error instanceof Unavailable || error instanceof StaleConnection
      if (error instanceof StaleConnection) this.#freshSince = performance.now()
      throw error
    } finally {
      // A connection whose statement timed out may still be executing it: it must not be handed to a neighbour.
      connection.release(broken)
    }
  }

  /** A connection that is not stale. One that is idle needs no timer. */
  async #connect(milliseconds: number): Promise<pg.PoolClient> {
    for (;;) {
      const isIdle = this.#pool.idleCount > this.#pool.waitingCount
      const connecting = this.#pool.connect().catch((error) => {
        throw new Unavailable(`no database connection: ${error.message}`, { cause: error })
      })
      const connection = await (isIdle ? connecting : within(connecting, milliseconds))
      if ((this.#connectedAt.get(connection) ?? 0) >= this.#freshSince) return connection
      connection.release(true)
    }
  }
}

/** A connection that comes too late goes back to the pool. @throws {Unavailable} when it does */
async function within(connecting: Promise<pg.PoolClient>, milliseconds: number): Promise<pg.PoolClient> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    connecting.then(
      (connection) => connection.release(),
      () => {},
    )
    late.reject(new Unavailable(`no database connection within ${milliseconds} ms`))
  }, milliseconds)
  try {
    return await Promise.race([connecting, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

class PostgresTransaction implements Transaction {
  readonly dialect = 'postgres'
  readonly #connection: pg.PoolClient
  #ended = false

  constructor(connection: pg.PoolClient) {
    this.#connection = connection
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    return run<Row>(this.#open(), statement)
  }

  async script(text: string): Promise<void> {
    // Migrations may take longer than any request's statement: nobody waits for their answer.
    const query = { text: `set local statement_timeout = 0; ${text}`, query_timeout: NO_TIMEOUT }
    await this.#open().query(query).catch(translatePostgresError)
  }

  end(): void {
    this.#ended = true
  }

  #open(): pg.PoolClient {
    if (this.#ended) throw new Error('the transaction has ended')
    return this.#connection
  }
}

const statementNames = new Map<string, string>()

/** Prepared once per connection under a name of its own, so that PostgreSQL plans each text once. */
async function run<Row extends object>(connection: pg.PoolClient, statement: Sql): Promise<Row[]> {
  const text = statement.text
  let name = statementNames.get(text)
  if (!name) {
    name = `t${statementNames.size + 1}`
    statementNames.set(text, name)
  }
  const values = statement.values.map(toParameter)
  const result = await connection.query({ name, text, values }).catch(translatePostgresError)
  return result.rows as Row[]
}

function plain(connection: pg.PoolClient, text: string): Promise<pg.QueryResult> {
  return connection.query(text).catch(translatePostgresError)
}
