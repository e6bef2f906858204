import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import type { Piscina } from 'piscina'
import type { HashJob, QueuedJob } from './hash-worker.ts'
import { MemoryBound } from './memory-bound.ts'
import { SharedPlaces } from './shared-places.ts'
import { Turns } from './turns.ts'

/** The pool's queue is full: nothing was done, and the client should retry later. */
export class HashPoolFull extends Error {
  override readonly name = 'HashPoolFull'
  constructor() {
    super('the hashing queue is full: retry later')
  }
}

/** Is told how hashing goes. */
export interface HashObserver {
  waited(seconds: number): void
  took(seconds: number, algorithm: 'bcrypt' | 'argon2id'): void
  refused(): void
}

const NO_OBSERVER: HashObserver = { waited() {}, took() {}, refused() {} }

/** Created once: in a flood, a stack trace for each refusal would be a tenth of its cost. */
const POOL_FULL = new HashPoolFull()

/** For all argon2 jobs together: 16 threads with the largest digests would take a gigabyte. */
const MAX_KIBIBYTES = 512 * 1024

/** Its client has given up by then, or soon will. */
const MAX_WAIT_MILLISECONDS = 10_000

/** A thread takes ten megabytes, and its start some 30 ms. */
const IDLE_TIMEOUT_MILLISECONDS = 20_000

/** A thread has hardly any garbage, and would let 32 MB of it gather. */
const MAX_THREAD_GARBAGE_MEGABYTES = 2

/** A client may hold one part in this many of all places. */
const SHARERS = 4

/** One place in this many is kept for clients that are known to the account they sign in to. */
const PLACES_PER_KEPT_PLACE = 8

/** A client may hold one part in this many of the kept places. */
const KNOWN_SHARERS = 2

/** Linux has a priority for each thread; elsewhere, lowering one would lower the whole process, or do nothing. */
const THREADS_HAVE_PRIORITIES = process.platform === 'linux'

/** The number of hashing threads: one per core where the event loop can have priority over them, otherwise one less. */
export function hashingThreads(): number {
  return THREADS_HAVE_PRIORITIES ? availableParallelism() : Math.max(1, availableParallelism() - 1)
}

/**
 * A bounded pool of worker threads for one kind of hashing. Hashes never run on the event loop, nor in libuv's pool, where
 * two dozen of them would delay every DNS lookup. A job keeps its place until it is done, even if its client has gone.
 */
export class HashPool {
  /** Opened by the first job: a process that never hashes has no thread, and has not loaded the library. */
  readonly #openPool: () => Promise<Piscina<QueuedJob>>
  #pool: Promise<Piscina<QueuedJob>> | null = null
  readonly #memory = new MemoryBound(MAX_KIBIBYTES)
  readonly #turns: Turns
  readonly #maxWaiting: number
  readonly #places: SharedPlaces
  readonly #keptPlaces: SharedPlaces
  readonly #observer: HashObserver

  /**
   * @param options.atOnce how many jobs a thread is given before it has finished the first: more than one saves short
   *   jobs a round trip, but would keep long ones waiting behind a busy thread while another is idle
   * @param options.niceness how far the threads' priority is below that of the event loop and other programs: 0 to 19
   */
  constructor(
    options: { threads: number; atOnce: number; niceness: number; maxWaiting: number },
    observer: HashObserver = NO_OBSERVER,
  ) {
    this.#observer = observer
    this.#turns = new Turns(options.threads * options.atOnce)
    this.#maxWaiting = options.maxWaiting
    const kept = Math.floor(options.maxWaiting / PLACES_PER_KEPT_PLACE)
    this.#places = new SharedPlaces({ places: options.maxWaiting - kept, share: options.maxWaiting / SHARERS })
    this.#keptPlaces = new SharedPlaces({ places: kept, share: kept / KNOWN_SHARERS })
    this.#openPool = async () => {
      const { Piscina } = await import('piscina')
      const pool: Piscina<QueuedJob> = new Piscina({
        filename: new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href, // .ts here, .js in the package
        minThreads: 0,
        maxThreads: options.threads,
        concurrentTasksPerWorker: options.atOnce,
        idleTimeout: IDLE_TIMEOUT_MILLISECONDS,
        niceIncrement: THREADS_HAVE_PRIORITIES ? options.niceness : 0,
        stricterFIFO: true, // otherwise a job that finds no idle worker rejoins the queue at its end, for seconds under load
        recordTiming: false,
        env: {},
        resourceLimits: { maxYoungGenerationSizeMb: MAX_THREAD_GARBAGE_MEGABYTES },
      })
      // A thread that cannot start would end the process; its jobs fail by themselves.
      pool.on('error', () => {})
      return pool
    }
  }

  /**
   * Tries each algorithm once, with little work: here, because a thread for it would take more memory than a server that waits.
   *
   * @throws {Error} with a sentence for the operator, if this machine cannot hash: with dependencies of another platform
   */
  async check(): Promise<void> {
    const argon2id = { memoryKibibytes: 64, passes: 1, parallelism: 1 }
    const beginBefore = Number.POSITIVE_INFINITY
    try {
      const { default: hash } = await import('./hash-worker.ts')
      hash({ kind: 'bcrypt', text: 'check', cost: 4, beginBefore })
      hash({ kind: 'argon2id', text: 'check', cost: argon2id, beginBefore })
    } catch (error) {
      const [reason] = (error as Error).message.split('\n', 1)
      throw new Error(`Passwords cannot be hashed here: ${reason}. Install the dependencies on this machine: npm ci`, {
        cause: error,
      })
    }
  }

  /**
   * @param options.isKnown whether the client is known to the account: such jobs begin in turn with all others, and do not
   *   wait for those of a flood
   * @throws {HashPoolFull} immediately when the queue is full, and for a job that waited for ten seconds
   */
  run(job: HashJob & { kind: 'bcrypt' | 'argon2id' }): Promise<string>
  run(job: HashJob & { kind: 'bcryptMatches' | 'argon2idMatches' }, options?: { isKnown: boolean }): Promise<boolean>
  async run(job: HashJob, { isKnown } = { isKnown: false }): Promise<string | boolean> {
    if (this.#turns.waiting >= this.#maxWaiting) this.#refuse()
    const queued = { ...job, beginBefore: Date.now() + MAX_WAIT_MILLISECONDS }
    const arrivedAt = performance.now()
    const runInThread = () =>
      this.#memory.use(kibibytesOf(job), async () => {
        const begunAt = performance.now()
        this.#observer.waited((begunAt - arrivedAt) / 1000)
        const result = await (await this.#open()).run(queued)
        if (result !== null) this.#observer.took((performance.now() - begunAt) / 1000, algorithmOf(job))
        return result
      })
    const result = await this.#turns.take(isKnown, runInThread)
    if (result === null) this.#refuse()
    return result as string | boolean
  }

  /** The number of jobs that have not begun. */
  get waiting(): number {
    return this.#turns.waiting
  }

  /**
   * Reserves a place before the work that precedes a job: otherwise hundreds of requests that saw one free place would all
   * query the database before they are refused. Returns a function that releases the place.
   *
   * @param sharers for whom the place is, such as a network and an account: each may hold a quarter of all places, so that
   *   no client keeps the others from being served
   * @param options.isKnown takes one of the places that are kept for known clients, of which a sharer may hold half
   * @throws {HashPoolFull} when all places, or all places of a sharer, are reserved
   */
  reserve(sharers: readonly string[] = [], { isKnown } = { isKnown: false }): () => void {
    const release = (isKnown ? this.#keptPlaces : this.#places).reserve(sharers)
    if (release === null) this.#refuse()
    return release
  }

  #refuse(): never {
    this.#observer.refused()
    throw POOL_FULL
  }

  /** Refuses the jobs that have not begun, and later ones, with {@link HashPoolFull}. */
  refuseWaiting(): void {
    this.#turns.refuseWaiting(POOL_FULL)
  }

  async close(): Promise<void> {
    this.refuseWaiting()
    await (await this.#pool?.catch(() => null))?.destroy()
  }

  /** Opens the pool, or waits until it is open. What prevents that now may be over at the next job. */
  #open(): Promise<Piscina<QueuedJob>> {
    this.#pool ??= this.#openPool().catch((error) => {
      this.#pool = null
      throw error
    })
    return this.#pool
  }
}

function algorithmOf({ kind }: HashJob): 'bcrypt' | 'argon2id' {
  return kind.startsWith('bcrypt') ? 'bcrypt' : 'argon2id'
}

function kibibytesOf(job: HashJob): number {
  if (job.kind === 'argon2id') return job.cost.memoryKibibytes
  return job.kind === 'argon2idMatches' ? Number(/\$m=(\d+),/.exec(job.digest)?.[1] ?? 0) : 0
}
