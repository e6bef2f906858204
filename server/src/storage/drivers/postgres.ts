import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Database, Together, Transaction, Troubles } from '../database/database.ts'
import {
  noteTrouble,
  type OnRecoveredError,
  rerunAfterConflict,
  StaleConnection,
  Unavailable,
} from '../database/errors.ts'
import { asTransactionBody, refuseInsideTransaction } from '../database/transaction-guard.ts'
import { checkPreparedStatements, readSurroundings, type Surroundings } from './postgres-checks.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { PostgresLane } from './postgres-lane.ts'
import { LANE_CONNECTIONS, LaneConnections } from './postgres-lane-connections.ts'
import { execute, PostgresTransaction, run } from './postgres-transaction.ts'
import { PostgresClient, typeParser } from './postgres-types.ts'

// Together less than two seconds, so that an outage is answered 503 before the client gives up.
const ACQUIRE_TIMEOUT_MILLISECONDS = 700
const CONNECT_TIMEOUT_MILLISECONDS = 15_000
const STATEMENT_TIMEOUT_MILLISECONDS = 1200
const IDLE_TIMEOUT_MILLISECONDS = 10_000
const CHECK_INTERVAL_MILLISECONDS = 30_000
const MIN_CONNECTIONS_WITH_LANES = 5

/** How one use of the database connects. */
export interface PostgresOptions {
  acquireMilliseconds: number
  statementMilliseconds: number
  /** Whether statements are prepared, once per connection. */
  prepared: boolean
  /** How many connections it opens at most. With fewer than five, none is left for batches. */
  poolSize: number
  /** Called with a sentence for the operator about the database's surroundings. */
  onWarning: (sentence: string) => void
}

const REQUEST_OPTIONS: PostgresOptions = {
  acquireMilliseconds: ACQUIRE_TIMEOUT_MILLISECONDS,
  statementMilliseconds: STATEMENT_TIMEOUT_MILLISECONDS,
  prepared: true,
  poolSize: 10,
  onWarning: () => {},
}

/**
 * Opens a pool of connections. The first one may take fifteen seconds, because a database may be far away or suspended.
 *
 * @param changes to the options of requests
 * @throws {Unavailable} if the database does not answer, if its encoding cannot store every text, or if a connection pooler
 *   loses prepared statements
 */
export async function openPostgres(
  url: string,
  onRecoveredError: OnRecoveredError,
  changes: Partial<PostgresOptions> = {},
): Promise<Database> {
  const options = { ...REQUEST_OPTIONS, ...changes }
  const laneSize = options.poolSize < MIN_CONNECTIONS_WITH_LANES ? 0 : LANE_CONNECTIONS
  const createPool = (max: number, onConnect?: (connection: pg.ClientBase) => Promise<void>) => {
    const pool = new pg.Pool({ ...poolConfig(url, options), max, ...(onConnect && { onConnect }) })
    // Without a listener, the loss of a connection, idle or in use, would end the process.
    pool.on('error', onRecoveredError)
    pool.on('connect', (connection) => connection.on('error', onRecoveredError))
    return pool
  }
  const pool = createPool(options.poolSize - laneSize)
  const lanes =
    laneSize === 0
      ? null
      : new LaneConnections((onConnect) => createPool(laneSize, onConnect), {
          prepared: options.prepared,
          begin: beginWithin(options),
        })
  const database = new PostgresDatabase(
    { connections: new PostgresConnections(pool), lanes },
    onRecoveredError,
    options,
  )
  try {
    await database.checkEncoding()
    if (options.prepared) await checkPreparedStatements(pool)
    await database.lookAround()
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

function poolConfig(url: string, { statementMilliseconds }: PostgresOptions): pg.PoolConfig {
  return {
    Client: PostgresClient,
    connectionString: url,
    // A request gives up earlier. Its connection is still completed, so that a slow database gets connections at all.
    connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
    idleTimeoutMillis: 10_000,
    // PostgreSQL's own timeouts end statements that this process no longer waits for, and transactions that a stopped
    // process left open.
    statement_timeout: statementMilliseconds,
    query_timeout: statementMilliseconds,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MILLISECONDS,
    keepAlive: true,
    application_name: 'tessera',
    types: { getTypeParser: typeParser },
  }
}

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly troubles: Troubles = { cannotWrite: 0, damage: null }
  readonly #connections: PostgresConnections
  readonly #laneConnections: LaneConnections | null
  readonly #lanes = new Map<object, unknown>()
  readonly #onRecoveredError: OnRecoveredError
  readonly #checkTimer: NodeJS.Timeout
  readonly #options: PostgresOptions
  #clockOffset = 0
  #areTimeoutsInForce = true

  constructor(
    { connections, lanes }: { connections: PostgresConnections; lanes: LaneConnections | null },
    onRecoveredError: OnRecoveredError,
    options: PostgresOptions,
  ) {
    this.#connections = connections
    this.#laneConnections = lanes
    this.#options = options
    this.#onRecoveredError = onRecoveredError
    this.#checkTimer = setInterval(() => this.lookAround().catch(() => {}), CHECK_INTERVAL_MILLISECONDS).unref()
  }

  query<Row extends object>(statement: Sql): Promise<Row[]> {
    refuseInsideTransaction()
    if (!this.#areTimeoutsInForce) return this.transaction((tx) => tx.query<Row>(statement))
    return this.#rerunOnConnection((connection) => run<Row>(connection, statement, this.#options))
  }

  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
    refuseInsideTransaction()
    return this.#rerunOnConnection(async (connection) => {
      const takeAnother = () => this.#connections.take(this.#options.acquireMilliseconds)
      const tx = new PostgresTransaction(connection, { ...this.#options, takeAnother })
      await execute(connection, this.#areTimeoutsInForce ? 'begin' : beginWithin(this.#options))
      try {
        const value = await asTransactionBody(() => body(tx))
        await execute(connection, 'commit')
        return value
      } catch (error) {
        if (!(error instanceof Unavailable)) await execute(connection, 'rollback')
        throw error
      } finally {
        tx.end()
      }
    })
  }

  connections() {
    const [one, lanes] = [this.#connections.counts, this.#laneConnections?.counts]
    if (!lanes) return one
    return { busy: one.busy + lanes.busy, idle: one.idle + lanes.idle, waiting: one.waiting + lanes.waiting }
  }

  together<Item, Result>(together: Together<Item, Result>, item: Item): Promise<Result> {
    refuseInsideTransaction()
    const connections = this.#laneConnections
    if (!connections) return together.one(this, item)
    let lane = this.#lanes.get(together) as PostgresLane<Item, Result> | undefined
    if (!lane) {
      const onError = (error: unknown) => {
        noteTrouble(this.troubles, error)
        if (error instanceof StaleConnection) this.#connections.renewAll()
        if (!(error instanceof Unavailable)) this.#onRecoveredError(error as Error)
      }
      const waitMilliseconds = this.#options.acquireMilliseconds
      lane = new PostgresLane(together, { waitMilliseconds, connections, single: this, onError })
      this.#lanes.set(together, lane)
    }
    return lane.ask(item)
  }

  clockOffsetMilliseconds(): number {
    return this.#clockOffset
  }

  /** Checks that the database can store every text. Waits for the first connection as long as it takes to open one. */
  async checkEncoding(): Promise<void> {
    const connection = await this.#connections.take(CONNECT_TIMEOUT_MILLISECONDS)
    try {
      const result = await execute(connection, `select current_setting('server_encoding') as encoding`)
      const { encoding } = result.rows[0] as { encoding: string }
      if (encoding !== 'UTF8')
        throw new Unavailable(
          `its encoding is ${encoding}, which cannot store every name; create it with encoding 'UTF8'`,
        )
    } finally {
      connection.release()
    }
  }

  /** Measures the clock of the database, and looks whether its timeouts are those of this process. */
  async lookAround(): Promise<void> {
    await this.#withConnection(async (connection) => {
      const before = Date.now()
      const seen = await readSurroundings(connection)
      this.#clockOffset = Math.round(seen.nowAt.getTime() - (before + Date.now()) / 2)
      const wereInForce = this.#areTimeoutsInForce
      this.#areTimeoutsInForce =
        seen.statementMilliseconds === this.#options.statementMilliseconds &&
        seen.idleMilliseconds === IDLE_TIMEOUT_MILLISECONDS
      if (wereInForce && !this.#areTimeoutsInForce) this.#options.onWarning(timeoutsMissing(seen, this.#options))
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#checkTimer)
    await Promise.all([this.#connections.close(), this.#laneConnections?.close()])
  }

  #rerunOnConnection<T>(use: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
    return rerunAfterConflict(() => this.#withConnection(use), this.#onRecoveredError)
  }

  async #withConnection<T>(use: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
    const connection = await this.#connections.take(this.#options.acquireMilliseconds)
    let broken = true
    try {
      const value = await use(connection)
      broken = false
      return value
    } catch (error) {
      noteTrouble(this.troubles, error)
      broken = error instanceof Unavailable || error instanceof StaleConnection
      if (error instanceof StaleConnection) this.#connections.renewAll()
      throw error
    } finally {
      // A connection whose statement timed out may still be executing it, and must not be used again.
      connection.release(broken)
    }
  }
}

/** Begins a transaction whose timeouts are in force, in one round trip: a pooler does not pass them on at the connection. */
function beginWithin({ statementMilliseconds }: PostgresOptions): string {
  return `begin; set local statement_timeout = ${statementMilliseconds}; set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MILLISECONDS}`
}

function timeoutsMissing({ role, database }: Surroundings, { statementMilliseconds }: PostgresOptions): string {
  const set = `alter role ${role} in database ${database} set`
  return `Timeouts do not reach the database, probably because of a connection pooler, so each statement takes two round trips more. Run: ${set} statement_timeout = '${statementMilliseconds}ms'; ${set} idle_in_transaction_session_timeout = '${IDLE_TIMEOUT_MILLISECONDS}ms'`
}
