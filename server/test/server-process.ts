import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after } from 'node:test'
import { send } from './server.ts'
import { temporaryFolder } from './test-database.ts'

const COMMAND = join(import.meta.dirname, '../bin/tessera.js')

export interface ServerProcess {
  url: string
  pid: number
  /** Standard output and error so far. */
  output(): string
  post(path: string, body: unknown, headers?: Record<string, string>): ReturnType<typeof send>
  get(path: string, bearer?: string): ReturnType<typeof send>
  /** Sends a signal and waits for the end; returns the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

interface Options {
  folder?: string
  /** Modules that are loaded before the server, to change the machine around it. */
  imports?: string[]
  environment?: Record<string, string>
  /** Shell commands before the server, such as limits on what it may use. */
  shell?: string
  /** Another `tessera` than that of the source. */
  command?: string
  /** Standard input; none by default. */
  input?: string
}

/** Runs `tessera` as its user would, in a folder of its own, and waits for its end. */
export async function runToEnd(
  args: string[],
  options: Options = {},
): Promise<{ code: number | null; output: string }> {
  const { child, output } = launch(args, options)
  const [code] = await once(child, 'close')
  return { code, output: output() }
}

/** Starts `tessera start` as a process of its own on a free port and waits until it listens. */
export async function startProcess(options: Options = {}): Promise<ServerProcess> {
  const { child, output } = launch(['start'], options)
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = await new Promise<string>((resolve, reject) => {
    const look = () => {
      const found = /"url":"http:\/\/[^"]+:(\d+)"/.exec(output())
      if (found) resolve(`http://127.0.0.1:${found[1]}`)
    }
    child.stdout?.on('data', look)
    child.on('close', () => reject(new Error(`tessera ended before it listened: ${output()}`)))
  })
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

function launch(args: string[], options: Options) {
  const { folder = temporaryFolder(), imports = [], environment = {}, shell = ':', command = COMMAND, input } = options
  const preloads = imports.flatMap((module) => ['--import', module])
  const child: ChildProcess = spawn(
    'sh',
    ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...preloads, command, ...args],
    {
      cwd: folder,
      // Nothing of the test's own environment but where programs are.
      env: { PATH: process.env['PATH'] ?? '', PORT: '0', BCRYPT_COST: '4', ...environment },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    },
  )
  child.stdin?.on('error', () => {}) // a command that reads nothing may be gone before it is written
  child.stdin?.end(input)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk
    })
  }
  return { child, output: () => text }
}
