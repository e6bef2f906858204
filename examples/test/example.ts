import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../../harness/free-port.ts'

const root = join(import.meta.dirname, '..')
const modules = join(root, 'node_modules')

/** The reason to skip tests of the examples; false if their packages are installed. */
export const notInstalled =
  !existsSync(join(modules, 'tessera-client/dist/server/server-client.js')) &&
  'the packages of the examples are not installed: npm ci --prefix examples'

const START_TIMEOUT_MILLISECONDS = 60_000

const programs = { next: 'next/dist/bin/next', vite: 'vite/bin/vite.js', server: '../express-api/server.js' }
type Program = keyof typeof programs

interface Run {
  /** The example's folder. */
  name: string
  program: Program
  arguments?: string[]
  environment?: Record<string, string>
}

const command = (program: Program) => join(modules, programs[program])
const optionsOf = ({ name, environment }: Run) => ({
  cwd: join(root, name),
  // Vite colours its output in CI, in the middle of words.
  env: { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', ...environment },
})

/** Runs a program of an example to its end. */
export function build(run: Run): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command(run.program), ...(run.arguments ?? [])], {
    ...optionsOf(run),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${run.name} was not built: ${stdout}${stderr}`)
}

/** Starts an example on a free port, and ends it after the tests. Returns its address. */
export async function start(run: Run): Promise<string> {
  const port = await freePort()
  const environment = { ...run.environment, PORT: `${port}` }
  const flags = run.program === 'server' ? [] : ['--port', `${port}`]
  const child = spawn(process.execPath, [command(run.program), ...(run.arguments ?? []), ...flags], {
    ...optionsOf({ ...run, environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  after(() => end(child))
  let printed = ''
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${run.name} did not start: ${printed}`)),
      START_TIMEOUT_MILLISECONDS,
    )
    const read = (part: Buffer) => {
      printed += part
      if (/Ready|listens|Local:/.test(printed)) resolve(clearTimeout(timer))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', () => reject(new Error(`${run.name} has ended: ${printed}`)))
  })
  await ready
  return `http://localhost:${port}`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** A folder for what is built, which is deleted after the tests. */
export function outputFolder(): string {
  const folder = join(modules, '.cache', `built-${process.pid}`)
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
