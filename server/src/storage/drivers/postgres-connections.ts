import type pg from 'pg'
import { Unavailable } from '../database/errors.ts'

/** The connections of a pool. */
export class PostgresConnections {
  readonly #pool: pg.Pool
  readonly #connectedAt = new WeakMap<pg.PoolClient, number>()
  /** Connections older than this are stale, because the schema has changed since they prepared their statements. */
  #freshSince = 0

  constructor(pool: pg.Pool) {
    this.#pool = pool
    pool.on('connect', (connection) => this.#connectedAt.set(connection, performance.now()))
  }

  /** Makes all connections stale that are open now. */
  renewAll(): void {
    this.#freshSince = performance.now()
  }

  /** Returns a connection that is not stale. An idle one needs no timer. */
  async take(milliseconds: number): Promise<pg.PoolClient> {
    for (;;) {
      const isIdle = this.#pool.idleCount > this.#pool.waitingCount
      const connecting = this.#pool.connect().catch((error) => {
        throw new Unavailable(`no database connection: ${error.message}`, { cause: error })
      })
      const connection = await (isIdle ? connecting : withTimeout(connecting, milliseconds))
      if ((this.#connectedAt.get(connection) ?? 0) >= this.#freshSince) return connection
      connection.release(true)
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}

/** Waits for a connection. One that comes too late goes back to the pool. @throws {Unavailable} after the timeout */
async function withTimeout(connecting: Promise<pg.PoolClient>, milliseconds: number): Promise<pg.PoolClient> {
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
