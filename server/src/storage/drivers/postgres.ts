import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Database, Transaction } from '../database/database.ts'
import { type OnRecoveredError, rerunAfterConflict, Unavailable } from '../database/errors.ts'
import { asTransactionBody, refuseInsideTransaction } from '../database/transaction-guard.ts'
import { toParameter } from './parameter.ts'
import { translatePostgresError } from './postgres-errors.ts'

// Together below two seconds: an outage is answered 503 while the caller still listens.
const ACQUIRE_TIMEOUT_MILLISECONDS = 700
const STATEMENT_TIMEOUT_MILLISECONDS = 1200
const CLOCK_CHECK_MILLISECONDS = 30_000
const NO_TIMEOUT = 2 ** 31 - 1 // 0 would mean the pool's

/**
 * Opens a pool.
 *
 * @param lockTimeoutMilliseconds the longest a statement may take; requests have little of it
 * @throws {Unavailable} when the database does not answer
 */
export async function openPostgres(
  url: string,
  onRecoveredError: OnRecoveredError,
  lockTimeoutMilliseconds = STATEMENT_TIMEOUT_MILLISECONDS,
): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MILLISECONDS,
    idleTimeoutMillis: 10_000,
    // The server's own limits end what this process no longer waits for, and what a stopped process left open.
    statement_timeout: lockTimeoutMilliseconds,
    query_timeout: lockTimeoutMilliseconds,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: 'tessera',
    types: { getTypeParser: typeParser },
  })
  // Without a listener the end of a connection, idle or at work, would end the process.
  pool.on('error', onRecoveredError)
  pool.on('connect', (connection) => connection.on('error', onRecoveredError))
  const database = new PostgresDatabase(pool, onRecoveredError)
  try {
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
  #clockOffset = 0

  constructor(pool: pg.Pool, onRecoveredError: OnRecoveredError) {
    this.#pool = pool
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
    const connection = await this.#pool.connect().catch((error) => {
      throw new Unavailable(`no database connection: ${error.message}`, { cause: error })
    })
    let broken = true
    try {
      const value = await use(connection)
      broken = false
      return value
    } catch (error) {
      broken = error instanceof Unavailable
      throw error
    } finally {
      // A connection whose statement timed out may still be executing it: it must not be handed to a neighbour.
      connection.release(broken)
    }
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

const INT8 = 20
const JSON_TYPE = 114
const JSONB = 3802

/** Rows as the seam promises them: 64-bit ids are numbers, JSON stays text as on SQLite. */
function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number
  if (oid === JSON_TYPE || oid === JSONB) return String
  return pg.types.getTypeParser(oid, format as 'text')
}
