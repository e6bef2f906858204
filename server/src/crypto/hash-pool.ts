import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Piscina } from 'piscina'
import type { HashJob } from './hash-worker.ts'

/** The lane's queue is full: the caller should come back later, and nothing was done. */
export class HashPoolFull extends Error {
  override readonly name = 'HashPoolFull'
  constructor() {
    super('too many hashes are waiting')
  }
}

/** Made once: in a flood, a stack trace for each would be a tenth of what a refusal costs. */
const FULL = new HashPoolFull()

/** Linux has a priority for each thread; elsewhere lowering one would lower the whole process, or nothing. */
const THREADS_HAVE_PRIORITIES = process.platform === 'linux'

/** Every core where the event loop can be put before the hashes; else one is left to it. */
export function hashingThreads(): number {
  return THREADS_HAVE_PRIORITIES ? availableParallelism() : Math.max(1, availableParallelism() - 1)
}

/**
 * A bounded lane of worker threads for one kind of hashing: never on the event loop, never in libuv's pool, where two
 * dozen hashes hold up every DNS lookup. A job keeps its place until it is done, whether or not its client still waits.
 */
export class HashPool {
  readonly #pool: Piscina<HashJob>
  readonly #maxReserved: number
  #reserved = 0

  /**
   * @param options.atOnce how many jobs a thread is given before it has answered the first: more than one saves short
   *   jobs the way there and back, and would keep long ones waiting behind a busy thread while another is free
   * @param options.niceness by how much its threads stand behind the event loop and other programs: 0 to 19
   */
  constructor(options: { threads: number; atOnce: number; niceness: number; maxWaiting: number }) {
    this.#maxReserved = options.maxWaiting
    this.#pool = new Piscina({
      filename: new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href, // .ts here, .js in the package
      minThreads: 0,
      maxThreads: options.threads,
      maxQueue: options.maxWaiting,
      concurrentTasksPerWorker: options.atOnce,
      idleTimeout: 60_000,
      niceIncrement: THREADS_HAVE_PRIORITIES ? options.niceness : 0,
      stricterFIFO: true, // else a job that finds no worker free goes to the end of the queue, for seconds under load
      recordTiming: false,
      env: {},
    })
  }

  /** @throws {HashPoolFull} at once when the queue is full */
  run(job: HashJob & { kind: 'bcrypt' | 'argon2id' }): Promise<string>
  run(job: HashJob & { kind: 'bcryptMatches' | 'argon2idMatches' }): Promise<boolean>
  async run(job: HashJob): Promise<string | boolean> {
    try {
      return (await this.#pool.run(job)) as string | boolean
    } catch (error) {
      if ((error as Error).message.startsWith('Task queue is at limit')) throw new HashPoolFull()
      throw error
    }
  }

  /**
   * Keeps a place from before whatever precedes a job until after it: else hundreds that saw one free place would all ask
   * the database before they are told that it is taken. The function that is returned gives it back.
   *
   * @throws {HashPoolFull} when all places are kept
   */
  reserve(): () => void {
    if (this.#reserved >= this.#maxReserved) throw FULL
    this.#reserved++
    return () => {
      this.#reserved--
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
