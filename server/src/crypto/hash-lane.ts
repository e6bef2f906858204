import { extname } from 'node:path'
import { Piscina } from 'piscina'
import type { HashJob } from './hash-worker.ts'

/** The lane's queue is full: the caller should come back later, and nothing was done. */
export class LaneFull extends Error {
  override readonly name = 'LaneFull'
  constructor() {
    super('too many hashes are waiting')
  }
}

/** Made once: in a flood, a stack trace for each would be a tenth of what a refusal costs. */
const FULL = new LaneFull()

/**
 * A bounded lane of worker threads for one kind of hashing: never on the event loop, never in libuv's pool, where two
 * dozen hashes hold up every DNS lookup. A job keeps its place until it is done, whether or not its client still waits.
 */
export class HashLane {
  readonly #pool: Piscina<HashJob>
  readonly #mostHeld: number
  #held = 0

  constructor(options: { threads: number; mostWaiting: number }) {
    this.#mostHeld = options.mostWaiting
    this.#pool = new Piscina({
      filename: new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url).href, // .ts here, .js in the package
      minThreads: 0,
      maxThreads: options.threads,
      maxQueue: options.mostWaiting,
      idleTimeout: 60_000,
      stricterFIFO: true, // else a job that finds no worker free goes to the end of the queue, for seconds under load
      env: {},
    })
  }

  /** @throws {LaneFull} at once when the queue is full */
  run(job: HashJob & { kind: 'bcrypt' | 'argon2id' }): Promise<string>
  run(job: HashJob & { kind: 'bcryptMatches' | 'argon2idMatches' }): Promise<boolean>
  async run(job: HashJob): Promise<string | boolean> {
    try {
      return (await this.#pool.run(job)) as string | boolean
    } catch (error) {
      if ((error as Error).message.startsWith('Task queue is at limit')) throw new LaneFull()
      throw error
    }
  }

  /**
   * Keeps a place from before whatever precedes a job until after it: else hundreds that saw one free place would all ask
   * the database before they are told that it is taken. The function that is returned gives it back.
   *
   * @throws {LaneFull} when all places are kept
   */
  hold(): () => void {
    if (this.#held >= this.#mostHeld) throw FULL
    this.#held++
    return () => {
      this.#held--
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
