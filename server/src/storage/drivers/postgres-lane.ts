import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Queries, Together } from '../database/database.ts'
import { Unavailable } from '../database/errors.ts'
import type { LaneConnections } from './postgres-lane-connections.ts'

const MAX_ITEMS = 64

interface Asked<Item, Result> {
  item: Item
  askedAt: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

interface LaneOptions {
  /** The time that an item waits for its turn. */
  waitMilliseconds: number
  connections: Pick<LaneConnections, 'run'>
  /** Runs single statements. */
  single: Queries
  onError: (error: unknown) => void
}

/**
 * Runs what is asked for in one turn of the event loop as one statement, one statement after another. It begins as soon as
 * the one before has ended, after all of its items were asked for, and never waits for company.
 */
export class PostgresLane<Item, Result> {
  readonly #together: Together<Item, Result>
  readonly #options: LaneOptions
  readonly #inProgress = new Map<string, Promise<Result>>()
  #queue: Asked<Item, Result>[] = []
  #isRunning = false
  #expiry: NodeJS.Timeout | null = null

  constructor(together: Together<Item, Result>, options: LaneOptions) {
    this.#together = together
    this.#options = options
  }

  ask(item: Item): Promise<Result> {
    const { exclusive } = this.#together
    if (!exclusive) return this.#enqueue(item)
    const key = exclusive.key(item)
    const earlier = this.#inProgress.get(key)
    if (earlier) return otherwiseAfter(earlier, exclusive.otherwise)
    const result = this.#enqueue(item)
    this.#inProgress.set(key, result)
    const forget = () => this.#inProgress.delete(key)
    result.then(forget, forget)
    return result
  }

  #enqueue(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, askedAt: performance.now(), resolve, reject })
      if (this.#isRunning) return this.#expireLater(this.#options.waitMilliseconds)
      this.#isRunning = true
      setImmediate(() => this.#drain())
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#runNext()
      await nextTurn() // what arrived with the answer belongs to the next batch
    }
    this.#isRunning = false
  }

  async #runNext(): Promise<void> {
    const waiting = this.#queue.length
    const [oldest] = this.#queue
    const milliseconds = this.#options.waitMilliseconds - (performance.now() - (oldest?.askedAt ?? 0))
    let batch: Asked<Item, Result>[] = []
    try {
      const results = await this.#options.connections.run(milliseconds, waiting, async (queries) => {
        batch = this.#queue.splice(0, MAX_ITEMS)
        return this.#run(queries, batch)
      })
      if (results === null) return this.#runSingly(this.#queue.splice(0, waiting))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      this.#options.onError(error)
      // After a timeout or a lost connection, the outcome of each is unknown, and its time is up.
      if (error instanceof Unavailable) reject(batch.length > 0 ? batch : this.#queue.splice(0, waiting), error)
      else this.#runSingly(batch)
    }
  }

  async #run(queries: Queries, batch: readonly Asked<Item, Result>[]): Promise<Result[]> {
    const items = batch.map(({ item }) => item)
    const [first] = items
    if (items.length > 1) return this.#together.many(queries, items)
    return first === undefined ? [] : [await this.#together.one(queries, first)]
  }

  /** Runs each item by itself, so that an error is only its own. */
  #runSingly(batch: readonly Asked<Item, Result>[]): void {
    for (const { item, resolve, reject } of batch) this.#together.one(this.#options.single, item).then(resolve, reject)
  }

  #expireLater(milliseconds: number): void {
    this.#expiry ??= setTimeout(() => this.#expire(), milliseconds).unref()
  }

  #expire(): void {
    this.#expiry = null
    const { waitMilliseconds } = this.#options
    const before = performance.now() - waitMilliseconds
    const expired = this.#queue.filter(({ askedAt }) => askedAt <= before)
    this.#queue = this.#queue.slice(expired.length)
    reject(expired, new Unavailable(`no database connection within ${waitMilliseconds} ms`))
    const [oldest] = this.#queue
    if (oldest) this.#expireLater(oldest.askedAt - before)
  }
}

/** An outage of the earlier item is one of the later item as well: it has no time for another try. */
async function otherwiseAfter<Result>(earlier: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    await earlier
  } catch (error) {
    if (error instanceof Unavailable) throw error
  }
  return otherwise
}

function reject<Item, Result>(batch: readonly Asked<Item, Result>[], error: unknown): void {
  for (const { reject } of batch) reject(error)
}
