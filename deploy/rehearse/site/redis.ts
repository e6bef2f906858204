import { freePort } from '../../../harness/free-port.ts'
import { Program } from './program.ts'

/** A Redis that keeps nothing on disk. */
export class Redis {
  readonly #port: number
  readonly #folder: string
  #program: Program | null = null

  static async start(folder: string): Promise<Redis> {
    const redis = new Redis(folder, await freePort())
    await redis.start()
    return redis
  }

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const files = ['--save', '', '--appendonly', 'no', '--dir', this.#folder]
    const args = ['--port', `${this.#port}`, '--bind', '127.0.0.1', ...files]
    this.#program = await new Program('redis-server', args).untilListening(this.#port)
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#program?.end(signal)
    this.#program = null
  }
}
