import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_INTERVAL_MILLISECONDS = 20

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM') // not SIGKILL: nginx has to end its workers
})

/** A program of the machine that runs in the foreground. It ends with the caller. */
export class Program {
  readonly #child: ChildProcess
  readonly #name: string
  #errors = ''

  constructor(name: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#name = name
    this.#child = spawn(name, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    running.add(this.#child)
    this.#child.once('exit', () => running.delete(this.#child))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk}`.slice(-2000)
    })
  }

  /** Waits until it accepts connections. @throws with its errors when it ends before that */
  async untilListening(port: number): Promise<this> {
    while (!(await accepts(port))) {
      if (this.#hasEnded()) throw new Error(`${this.#name} ended at its start: ${this.#errors}`)
      await sleep(POLL_INTERVAL_MILLISECONDS)
    }
    return this
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for its end. Returns its exit code, null when a signal ended it. */
  async ended(): Promise<number | null> {
    if (!this.#hasEnded()) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.signal(signal)
    await this.ended()
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

/** Whether a program can be run by its name. */
export function isInstalled(name: string, versionOption = '--version'): boolean {
  return !spawnSync(name, [versionOption], { stdio: 'ignore' }).error
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
