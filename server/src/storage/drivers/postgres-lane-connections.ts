import type pg from 'pg'
import type { Queries } from '../database/database.ts'
import { StaleConnection } from '../database/errors.ts'
import { isRefusal, PostgresConnections } from './postgres-connections.ts'
import { execute, run } from './postgres-transaction.ts'

/** One for statements that write, and one for those that read. */
export const LANE_CONNECTIONS = 2
/** After a refusal, single statements have the database's connections for so long. */
const TRY_AGAIN_MILLISECONDS = 5000

/**
 * Hold the plans of batches to indexes: a plan that was made while a table was tiny would scan it ever after, and a plan
 * for each execution costs more than the execution.
 */
export const PLANNER_SETTINGS: Readonly<Record<string, string>> = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
}

interface LaneSettings {
  /** Whether statements are prepared, once per connection. */
  prepared: boolean
  /** Begins a transaction whose timeouts are in force, where a connection pooler does not pass them on. */
  begin: string
}

/** The connections of batches, apart from those of other statements because of their settings. */
export class LaneConnections {
  readonly #connections: PostgresConnections
  readonly #settings: LaneSettings
  readonly #pooled = new WeakSet<pg.ClientBase>()
  #isPooled = false
  #refusedUntil = 0

  /** @param createPool returns a pool that calls a function with each new connection, and waits for it */
  constructor(
    createPool: (onConnect: (connection: pg.ClientBase) => Promise<void>) => pg.Pool,
    settings: LaneSettings,
  ) {
    this.#connections = new PostgresConnections(createPool((connection) => this.#prepare(connection)))
    this.#settings = settings
  }

  /**
   * Runs statements for a number of items on a connection that is free within this time. Returns null, without running
   * them, where single statements serve better.
   *
   * @throws {Unavailable} if there is no connection within this time
   */
  async run<T>(milliseconds: number, items: number, use: (queries: Queries) => Promise<T>): Promise<T | null> {
    if (this.#isPooled && items === 1) return null // a transaction is two round trips more
    const connection = await this.#take(milliseconds)
    if (!connection) return null
    let broken = true
    try {
      const value = await this.#use(connection, use)
      broken = false
      return value
    } catch (error) {
      if (error instanceof StaleConnection) this.renewAll()
      throw error
    } finally {
      connection.release(broken)
    }
  }

  get counts() {
    return this.#connections.counts
  }

  /** Makes all connections stale that are open now. */
  renewAll(): void {
    this.#connections.renewAll()
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  async #use<T>(connection: pg.PoolClient, use: (queries: Queries) => Promise<T>): Promise<T> {
    const queries: Queries = {
      dialect: 'postgres',
      query: (statement) => run(connection, statement, this.#settings),
    }
    if (!this.#pooled.has(connection)) return use(queries)
    const settings = Object.entries(PLANNER_SETTINGS).map(([name, value]) => `; set local ${name} = ${value}`)
    await execute(connection, this.#settings.begin + settings.join(''))
    const value = await use(queries)
    await execute(connection, 'commit')
    return value
  }

  async #take(milliseconds: number): Promise<pg.PoolClient | null> {
    if (performance.now() < this.#refusedUntil) return null
    try {
      return await this.#connections.take(milliseconds, { waitsIfRefused: false })
    } catch (error) {
      if (!isRefusal(error as Error)) throw error
      this.#refusedUntil = performance.now() + TRY_AGAIN_MILLISECONDS
      return null
    }
  }

  /** Sets what the planner may do, unless a pooler would hand the settings on to others: it has a process id of its own. */
  async #prepare(connection: pg.ClientBase): Promise<void> {
    const { processID } = connection as unknown as { processID: number }
    const set = Object.entries(PLANNER_SETTINGS).map(([name, value]) => `set_config('${name}', '${value}', false)`)
    const { rows } = await connection.query(`select ${set.join(', ')} where pg_backend_pid() = $1`, [processID])
    this.#isPooled = rows.length === 0
    if (this.#isPooled) this.#pooled.add(connection)
  }
}
