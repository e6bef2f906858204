import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const COMMAND = join(import.meta.dirname, '../server/bin/tessera.js')
const POLL_INTERVAL_MILLISECONDS = 10

export interface LaunchOptions {
  /** The working directory of the process. */
  folder: string
  /** Everything that the process inherits from the environment, besides PATH and Node.js' compile cache. */
  environment: Record<string, string>
  /** Modules that are loaded before the command, to change the machine around it. */
  imports?: string[]
  /** Shell commands that run before it, such as limits on what it may use. */
  shell?: string
  /** The script to run instead of this checkout's `tessera`. */
  command?: string
  /** Standard input; none by default. */
  input?: string
  /** A file that output is appended to; by default a pipe, which has to be read while the process runs. */
  log?: string
}

export interface LaunchedProcess {
  child: ChildProcess
  /** Standard output and error of this process so far. */
  output(): string
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a command of `tessera`. The process is killed when the caller exits. */
export function spawnTessera(args: string[], options: LaunchOptions): LaunchedProcess {
  const { folder, environment, imports = [], shell, command = COMMAND, input } = options
  const words = [...imports.flatMap((module) => ['--import', module]), command, ...args]
  const { PATH = '', NODE_COMPILE_CACHE } = process.env
  const env = { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...environment }
  const { stdio, collect } = outputTo(options.log)
  const stdin = input === undefined ? 'ignore' : 'pipe'
  const spawnOptions = { cwd: folder, env, stdio: [stdin, ...stdio] as StdioOptions }
  const child =
    shell === undefined
      ? spawn(process.execPath, words, spawnOptions)
      : spawn('sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...words], spawnOptions)
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.stdin?.on('error', () => {}) // a command that reads nothing may be gone before it is written
  child.stdin?.end(input)
  return { child, output: collect(child) }
}

/** Starts `tessera start` and waits until it listens. @throws with its output when it ends before that */
export async function launchTessera(options: LaunchOptions): Promise<LaunchedProcess & { url: string }> {
  return untilListening(spawnTessera(['start'], options))
}

/** Waits until a server that was just started has logged its address. @throws with its output when it ends before that */
export async function untilListening(launched: LaunchedProcess): Promise<LaunchedProcess & { url: string }> {
  let closed = false
  launched.child.once('close', () => {
    closed = true
  })
  while (!closed) {
    const port = /"url":"http:\/\/[^"]+:(\d+)"/.exec(launched.output())?.[1]
    if (port) return { ...launched, url: `http://127.0.0.1:${port}` }
    await sleep(POLL_INTERVAL_MILLISECONDS)
  }
  throw new Error(`The server ended before it listened: ${launched.output()}`)
}

export interface FinishedCommand {
  code: number | null
  /** Standard output and error, as a terminal would show them. */
  output: string
  stdout: string
}

/** Runs a command of `tessera` to its end. */
export async function runTessera(args: string[], options: LaunchOptions): Promise<FinishedCommand> {
  const { child, output } = spawnTessera(args, options)
  let stdout = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  const [code] = await once(child, 'close')
  return { code, output: output(), stdout }
}

/** Sends a signal and waits for the end of the process. Returns its exit code, null when a signal ended it. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (!hasEnded(child)) {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return child.exitCode
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

interface Output {
  stdio: ['pipe', 'pipe'] | [number, number]
  collect(child: ChildProcess): () => string
}

function outputTo(log: string | undefined): Output {
  if (log === undefined) return { stdio: ['pipe', 'pipe'], collect: readPipes }
  const file = openSync(log, 'a')
  const start = statSync(log).size
  const collect = () => {
    closeSync(file)
    return () => readFileSync(log).subarray(start).toString()
  }
  return { stdio: [file, file], collect }
}

function readPipes({ stdout, stderr }: ChildProcess): () => string {
  let text = ''
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk
    })
  }
  return () => text
}
