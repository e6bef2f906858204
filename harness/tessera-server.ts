import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const TESSERA = join(import.meta.dirname, '../server/bin/tessera.js')
const SETTINGS = { PORT: '0', BCRYPT_COST: '4', RATE_LIMIT: 'off', LOG_LEVEL: 'info' }

/** A real `tessera start` in a folder of its own; it ends with the caller. */
export class TesseraServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'tessera-server-'))
  readonly #environment: Record<string, string>
  #child: ChildProcess | null = null
  #url = ''

  static async start(settings: Record<string, string>): Promise<TesseraServer> {
    const server = new TesseraServer(settings)
    await server.start()
    return server
  }

  private constructor(settings: Record<string, string>) {
    this.#environment = { PATH: process.env['PATH'] ?? '', ...SETTINGS, ...settings }
    process.once('exit', () => this.#remove())
  }

  get url(): string {
    return this.#url
  }

  /** Starts it, with settings that replace earlier ones, and waits until it listens. */
  async start(changes: Record<string, string> = {}): Promise<void> {
    Object.assign(this.#environment, changes)
    const file = join(this.folder, 'log')
    const log = openSync(file, 'w')
    const options = {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', log, log] as ['ignore', number, number],
    }
    const child = spawn(process.execPath, [TESSERA, 'start'], options)
    closeSync(log)
    this.#child = child
    while (child.exitCode === null && child.signalCode === null) {
      const port = /"url":"http:\/\/[^"]+:(\d+)"/.exec(readFileSync(file, 'utf8'))?.[1]
      this.#url = `http://127.0.0.1:${port}`
      if (port) return
      await sleep(20)
    }
    throw new Error(`tessera ended before it listened: ${readFileSync(file, 'utf8')}`)
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  /** Runs another command of `tessera` on the same database; returns what it prints. */
  async command(...args: string[]): Promise<string> {
    const options = { cwd: this.folder, env: this.#environment }
    return (await promisify(execFile)(process.execPath, [TESSERA, ...args], options)).stdout
  }

  async remove(): Promise<void> {
    await this.stop()
    this.#remove()
  }

  #remove(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
