import { once } from 'node:events'
import { after } from 'node:test'
import {
  type FinishedCommand,
  type LaunchOptions,
  runTessera,
  spawnTessera,
  untilListening,
} from '../../../harness/launch-tessera.ts'
import { send } from './server.ts'
import { temporaryFolder } from './test-database.ts'

export interface ServerProcess {
  url: string
  pid: number
  /** Standard output and error so far. */
  output(): string
  post(path: string, body: unknown, headers?: Record<string, string>): ReturnType<typeof send>
  get(path: string, bearer?: string): ReturnType<typeof send>
  /** Sends a signal and waits for the exit; returns the exit code, null if the signal ended the process. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

type Options = Partial<LaunchOptions> & { args?: string[] }

/** Runs `tessera` as an operator would, in a new folder, and waits for its exit. */
export async function runToEnd(args: string[], options: Options = {}): Promise<Omit<FinishedCommand, 'stdout'>> {
  const { code, output } = await runTessera(args, launchOptions(options))
  return { code, output }
}

/** Starts `tessera start` as a separate process on a free port and waits until it listens. */
export async function startProcess(options: Options = {}): Promise<ServerProcess> {
  const launched = spawnTessera(options.args ?? ['start'], launchOptions(options))
  const { child, output } = launched
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const { url } = await untilListening(launched)
  return {
    url,
    pid: child.pid ?? 0,
    output,
    post: (path, body, headers = {}) =>
      send(url + path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (path, bearer) => send(url + path, { method: 'GET' }, bearer === undefined ? {} : { bearer }),
    async end(signal) {
      child.kill(signal)
      const [code] = await ended
      return code
    },
  }
}

function launchOptions({ folder = temporaryFolder(), environment = {}, ...rest }: Options): LaunchOptions {
  return { folder, environment: { PORT: '0', PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4', ...environment }, ...rest }
}
