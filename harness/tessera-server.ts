import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, launchTessera, runTessera } from './launch-tessera.ts'

const SETTINGS = { PORT: '0', PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4', RATE_LIMIT: 'off', LOG_LEVEL: 'info' }

/** A real `tessera start` in a folder of its own that can be stopped and started again. It ends with the caller. */
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
    this.#environment = { ...SETTINGS, ...settings }
    process.once('exit', () => this.#removeFolder())
  }

  get url(): string {
    return this.#url
  }

  /** Starts it, with settings that replace earlier ones, and waits until it listens. */
  async start(changes: Record<string, string> = {}): Promise<void> {
    Object.assign(this.#environment, changes)
    const log = join(this.folder, 'log')
    const { child, url } = await launchTessera({ folder: this.folder, environment: this.#environment, log })
    this.#child = child
    this.#url = url
  }

  /** Stops it with SIGTERM and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child, 'SIGTERM')
  }

  /** Runs another command of `tessera` on the same database; returns what it prints. */
  async command(...args: string[]): Promise<string> {
    const { code, output, stdout } = await runTessera(args, { folder: this.folder, environment: this.#environment })
    if (code !== 0) throw new Error(`tessera ${args.join(' ')} ended with ${code}: ${output}`)
    return stdout
  }

  async remove(): Promise<void> {
    await this.stop()
    this.#removeFolder()
  }

  #removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
