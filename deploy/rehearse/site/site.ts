import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Replica } from '../../../torture/faults/replica.ts'
import { type Balancers, type Route, startBalancers } from './balancers.ts'
import { SiteDatabase } from './database.ts'
import { isInstalled } from './program.ts'
import { Redis } from './redis.ts'

const RECOVERY_TIMEOUT_MILLISECONDS = 90_000
const START_TIMEOUT_MILLISECONDS = 120_000
const POLL_INTERVAL_MILLISECONDS = 100

/** A production of three replicas on one machine, all of it in a temporary folder and on free ports. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'tessera-rehearsal-'))
  readonly replicas: Replica[] = []
  /** Replicas that ended though they were not told to. */
  readonly problems: string[] = []
  #database: SiteDatabase | null = null
  #redis: Redis | null = null
  #balancers: Balancers | null = null

  /** @param command the `tessera` that serves; that of this checkout by default */
  static async start(command?: string): Promise<Site> {
    const site = new Site()
    const database = await SiteDatabase.start()
    site.#database = database
    if (isInstalled('redis-server')) site.#redis = await Redis.start(site.folder)
    const common = {
      ...{ NODE_ENV: 'production', HOST: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.1' },
      ...{ JWT_SECRET_KEY: newSecret(), PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4', LOG_LEVEL: 'info' },
      ...(site.#redis && { REDIS_URL: site.#redis.url }),
    }
    const ways = { one: database.direct, two: database.direct, three: database.pooled }
    const starting = Object.entries(ways).map(([name, way]) =>
      Replica.start({
        ...{ name, folder: site.folder, lateClock: false, environment: { ...common, ...way } },
        ...(command !== undefined && { command }),
        onUnexpectedExit: (message) => site.problems.push(message),
      }),
    )
    site.replicas.push(...(await Promise.all(starting)))
    site.#balancers = await startBalancers(
      site.folder,
      site.replicas.map(({ port }) => port),
    )
    await site.untilWell()
    return site
  }

  private constructor() {
    // The replicas that are killed at the same moment may still write their logs.
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  }

  get database(): SiteDatabase {
    if (!this.#database) throw new Error('The database of the rehearsal has not started.')
    return this.#database
  }

  /** @throws if it is not installed */
  get redis(): Redis {
    if (!this.#redis) throw new Error('There is no redis-server here.')
    return this.#redis
  }

  get routes(): readonly Route[] {
    return this.#balancers?.routes ?? []
  }

  /** Waits until each replica says that it is ready, and HAProxy's checks have found all of them. */
  async untilWell(): Promise<void> {
    const end = Date.now() + RECOVERY_TIMEOUT_MILLISECONDS
    for (const { port, name } of this.replicas)
      while (!(await isReady(`http://127.0.0.1:${port}`))) {
        if (Date.now() > end) throw new Error(`Replica ${name} did not become ready.`)
        await sleep(POLL_INTERVAL_MILLISECONDS)
      }
    await this.#balancers?.untilUp()
  }

  /** Stops each replica as a deployment does, and starts it with changes, one after the other. */
  async restartAll(changes: { environment?: Record<string, string>; command?: string } = {}): Promise<void> {
    for (const replica of this.replicas) {
      await this.stop(replica)
      await this.start(replica, { ...changes, environment: { ...replica.environment, ...changes.environment } })
      await this.untilWell()
    }
  }

  /** Sends SIGTERM and waits for the end, which has to be an orderly one. */
  async stop(replica: Replica): Promise<void> {
    const code = await replica.terminate()
    if (code !== 0) this.problems.push(`replica ${replica.name} ended with ${code} on SIGTERM`)
  }

  /** Starts a replica again, with options that replace earlier ones. @throws with its last words if it does not start */
  async start(replica: Replica, changes: Parameters<Replica['start']>[0] = {}): Promise<void> {
    const timer = new AbortController()
    const late = sleep(START_TIMEOUT_MILLISECONDS, null, { signal: timer.signal, ref: false }).then(() => {
      throw new Error(
        `replica ${replica.name} does not start: ${readFileSync(replica.log, 'utf8').trim().split('\n').at(-1)}`,
      )
    })
    late.catch(() => {}) // it is aborted
    await Promise.race([replica.start(changes), late])
    timer.abort()
  }

  async close(): Promise<void> {
    await this.#balancers?.close()
    await Promise.all(this.replicas.map((replica) => replica.kill()))
    await this.#redis?.end()
    await this.#database?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Makes a key as `tessera secret` does. */
export function newSecret(): string {
  return randomBytes(64).toString('hex')
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/ready`, { headers: { connection: 'close' } }).then(
    async (answer) => {
      await answer.text()
      return answer.ok
    },
    () => false,
  )
}
