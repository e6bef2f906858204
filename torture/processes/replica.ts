import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../harness/free-port.ts'

const TESSERA = join(import.meta.dirname, '../../server/bin/tessera.js')
const LATE_CLOCK = join(import.meta.dirname, '../../harness/late-clock.ts')

export interface ReplicaOptions {
  name: string
  /** Where it runs; its log goes there. */
  folder: string
  environment: Record<string, string>
  /** Whether its machine's clock is half a minute late. */
  lateClock: boolean
  /** Told of an end that nobody asked for. */
  onDeath: (what: string) => void
}

/** A real `tessera start` on a port of its own, which stays the same over restarts. */
export class Replica {
  readonly port: number
  readonly log: string
  readonly #options: ReplicaOptions
  #child: ChildProcess | null = null
  #ended: Promise<unknown> = Promise.resolve()
  #isAskedToEnd = false

  static async start(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(options, await freePort())
    await replica.start()
    return replica
  }

  private constructor(options: ReplicaOptions, port: number) {
    this.#options = options
    this.port = port
    this.log = join(options.folder, `${options.name}.log`)
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get name(): string {
    return this.#options.name
  }

  /** Starts it and waits until it listens; a database that is away is waited for. */
  async start(): Promise<void> {
    for (;;) {
      const { folder, environment, lateClock } = this.#options
      const words = [...(lateClock ? ['--import', LATE_CLOCK] : []), TESSERA, 'start']
      const log = openSync(this.log, 'a')
      const env = { PATH: process.env['PATH'] ?? '', ...environment, PORT: String(this.port) }
      const from = readFileSync(this.log).length
      const child = spawn(process.execPath, words, { cwd: folder, env, stdio: ['ignore', log, log] })
      closeSync(log)
      this.#child = child
      this.#ended = once(child, 'exit')
      let listening = false
      child.once('exit', (code, signal) => {
        if (listening && !this.#isAskedToEnd) this.#options.onDeath(`${this.name} ended by itself (${signal ?? code})`)
      })
      this.#isAskedToEnd = false
      while (child.exitCode === null && child.signalCode === null) {
        if (readFileSync(this.log).subarray(from).includes('Tessera is listening')) {
          listening = true
          return
        }
        await sleep(20)
      }
      await sleep(500)
    }
  }

  /** Ends it at once, whatever it does. */
  async kill(): Promise<void> {
    this.#isAskedToEnd = true
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Asks it to end; returns its exit code. */
  async terminate(): Promise<number | null> {
    this.#isAskedToEnd = true
    this.#child?.kill('SIGTERM')
    await this.#ended
    return this.#child?.exitCode ?? null
  }

  /** Stops all of it for a while, in the middle of whatever it does, as a machine that is out of memory would. */
  async freeze(milliseconds: number): Promise<void> {
    this.#child?.kill('SIGSTOP')
    await sleep(milliseconds)
    this.#child?.kill('SIGCONT')
  }
}
