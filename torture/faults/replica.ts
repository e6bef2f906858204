import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../harness/free-port.ts'
import { endProcess, hasEnded, launchTessera } from '../../harness/launch-tessera.ts'

const LATE_CLOCK = join(import.meta.dirname, '../../harness/late-clock.ts')
const RETRY_MILLISECONDS = 500

export interface ReplicaOptions {
  name: string
  /** The working directory, which also gets its log. */
  folder: string
  environment: Record<string, string>
  /** The script to run instead of this checkout's `tessera`. */
  command?: string
  /** A file for its log instead of one in the folder. */
  log?: string
  /** Whether the clock of its machine is half a minute late. */
  lateClock: boolean
  /** Called when the process ends though it was not told to. */
  onUnexpectedExit: (message: string) => void
}

/** A real `tessera start` on a port of its own, which stays the same over restarts. */
export class Replica {
  readonly port: number
  #options: ReplicaOptions
  #child: ChildProcess | null = null
  #isToldToEnd = false

  static async start(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(options, await freePort())
    await replica.start()
    return replica
  }

  private constructor(options: ReplicaOptions, port: number) {
    this.#options = options
    this.port = port
  }

  get log(): string {
    return this.#options.log ?? join(this.#options.folder, `${this.name}.log`)
  }

  get name(): string {
    return this.#options.name
  }

  get environment(): Record<string, string> {
    return this.#options.environment
  }

  /** Starts it, with options that replace earlier ones, and waits until it listens. It is started again while the database is away. */
  async start(changes: Partial<ReplicaOptions> = {}): Promise<void> {
    this.#options = { ...this.#options, ...changes }
    const { folder, environment, command, lateClock, onUnexpectedExit } = this.#options
    const options = {
      folder,
      ...(command !== undefined && { command }),
      environment: { ...environment, PORT: String(this.port) },
      imports: lateClock ? [LATE_CLOCK] : [],
      log: this.log,
    }
    let launched = await launchTessera(options).catch(() => null)
    while (!launched) {
      await sleep(RETRY_MILLISECONDS)
      launched = await launchTessera(options).catch(() => null)
    }
    const { child } = launched
    this.#child = child
    this.#isToldToEnd = false
    const onExit = () => {
      if (!this.#isToldToEnd)
        onUnexpectedExit(`${this.name} exited unexpectedly (${child.signalCode ?? child.exitCode})`)
    }
    if (hasEnded(child)) onExit()
    else child.once('exit', onExit)
  }

  /** Ends it with SIGKILL, in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to end with SIGTERM; returns its exit code. */
  async terminate(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** Stops all its threads for a while, as a machine that is out of memory would. */
  async freeze(milliseconds: number): Promise<void> {
    this.#child?.kill('SIGSTOP')
    await sleep(milliseconds)
    this.#child?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#isToldToEnd = true
    return this.#child ? endProcess(this.#child, signal) : null
  }
}
