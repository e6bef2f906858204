import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { Unavailable } from '../database/errors.ts'

const TOO_MANY_CONNECTIONS = '53300'
const RETRY_MILLISECONDS = 20
/** After that, more connections are tried again. */
const GROW_AGAIN_MILLISECONDS = 5000

/**
 * The connections of a pool. Where the database refuses another one, requests share those that there are, and wait for
 * them as they would wait for a full pool.
 */
export class PostgresConnections {
  readonly #pool: pg.Pool
  readonly #connectedAt = new WeakMap<pg.PoolClient, number>()
  /** Connections older than this are stale, because the schema has changed since they prepared their statements. */
  #freshSince = 0
  readonly #size: number

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#size = pool.options.max
    pool.on('connect', (connection) => this.#connectedAt.set(connection, performance.now()))
  }

  get counts(): { busy: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
  }

  /** Makes all connections stale that are open now. */
  renewAll(): void {
    this.#freshSince = performance.now()
  }

  /**
   * Returns a connection that is not stale.
   *
   * @param options.waitsIfRefused waits for those that there are where the database refuses another one
   * @throws {Unavailable} if there is none within this time
   */
  async take(milliseconds: number, { waitsIfRefused = true } = {}): Promise<pg.PoolClient> {
    const giveUpAt = performance.now() + milliseconds
    for (;;) {
      try {
        const connection = await this.#takeAny(giveUpAt - performance.now())
        if ((this.#connectedAt.get(connection) ?? 0) >= this.#freshSince) return connection
        connection.release(true)
      } catch (error) {
        if (!isRefusal(error as Error) || !waitsIfRefused) throw error
        if (performance.now() + RETRY_MILLISECONDS > giveUpAt) throw error
        this.#growNoFurther()
        await sleep(RETRY_MILLISECONDS)
      }
    }
  }

  /** An idle connection needs no timer. */
  #takeAny(milliseconds: number): Promise<pg.PoolClient> {
    const isIdle = this.#pool.idleCount > this.#pool.waitingCount
    const connecting = this.#pool.connect().catch((error) => {
      throw new Unavailable(`no database connection: ${error.message}`, { cause: error })
    })
    return isIdle ? connecting : withTimeout(connecting, milliseconds)
  }

  #growNoFurther(): void {
    const { options, totalCount } = this.#pool
    if (options.max === this.#size)
      setTimeout(() => {
        options.max = this.#size
      }, GROW_AGAIN_MILLISECONDS).unref()
    options.max = Math.max(1, Math.min(options.max, totalCount))
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}

/** Whether the database has no connection left for this role. */
export function isRefusal({ cause }: Error): boolean {
  return (cause as { code?: string } | undefined)?.code === TOO_MANY_CONNECTIONS
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
