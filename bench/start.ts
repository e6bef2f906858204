// Measures starts, of the built package and of the source: `npm run bench:start -- [--starts 7]`. Linux only: processor time is
// read from /proc. The first start of each fills the cache of compiled code and is not counted; each start makes its own SQLite file.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type LaunchOptions, runTessera, spawnTessera, untilListening } from '../harness/launch-tessera.ts'
import { median } from '../harness/statistics.ts'
import { KeptConnection } from './load/kept-connection.ts'
import { buildPackage } from './machine/build-package.ts'
import { processorSeconds } from './machine/process-use.ts'

const { values: options } = parseArgs({ options: { starts: { type: 'string', default: '7' } } })
const COMMANDS = [['--version'], ['--help'], ['migrate']]
const SETTINGS = { environment: { PORT: '0', RATE_LIMIT: 'off' } }
const LOGIN = { email: 'admin@example.com', password: 'password123' }

const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
const print = (line: string) => process.stdout.write(`${line}\n`)
const milliseconds = (values: number[]) => `${Math.round(median(values))} ms`

interface Start {
  health: number
  processor: number
  login: number
}

async function measureStart(launch: LaunchOptions): Promise<Start> {
  const began = performance.now()
  const { url, child } = await untilListening(spawnTessera(['start'], launch))
  const connection = new KeptConnection(url)
  await connection.ask('/health', {})
  const health = performance.now() - began
  const { firstThread, otherThreads } = processorSeconds(child.pid as number)
  await connection.ask('/api/v1/auth/login', { body: LOGIN })
  const login = performance.now() - began
  connection.socket.destroy()
  child.kill('SIGTERM')
  await once(child, 'close')
  return { health, processor: (firstThread + otherThreads) * 1000, login }
}

/** Runs work in a new folder for each run, once more than is counted. */
async function repeat<Result>(launch: Partial<LaunchOptions>, work: (launch: LaunchOptions) => Promise<Result>) {
  const results: Result[] = []
  for (let run = 0; run <= Number(options.starts); run++) {
    const own = mkdtempSync(join(folder, 'run-'))
    results.push(await work({ folder: own, ...SETTINGS, ...launch }))
  }
  return results.slice(1)
}

/** Counts the modules that a start has loaded by the time it is ended. */
async function countModules(launch: LaunchOptions): Promise<number> {
  const [hook, count] = [join(folder, 'count.mjs'), join(folder, 'count')]
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
     import { writeFileSync } from 'node:fs'
     const urls = new Set()
     registerHooks({ load(url, context, next) { urls.add(url); return next(url, context) } })
     process.on('exit', () => writeFileSync(${JSON.stringify(count)}, String(urls.size)))`,
  )
  await measureStart({ ...launch, imports: [hook] }) // with a login
  return Number(readFileSync(count, 'utf8'))
}

async function measureCommand(words: string[], launch: LaunchOptions): Promise<number> {
  const began = performance.now()
  await runTessera(words, launch)
  return performance.now() - began
}

print(`| medians of ${options.starts} | built package | source |\n|---|---|---|`)
const rows: Record<string, string[]> = {}
const add = (row: string, value: string) => {
  rows[row] ??= []
  rows[row].push(value)
}
for (const launch of [{ command: buildPackage() }, {}]) {
  const starts = await repeat(launch, measureStart)
  add('start to the first answered /health', milliseconds(starts.map(({ health }) => health)))
  add('processor time until then', milliseconds(starts.map(({ processor }) => processor)))
  add('start to the first answered login', milliseconds(starts.map(({ login }) => login)))
  add(
    'modules, with that login',
    `${await countModules({ folder: mkdtempSync(join(folder, 'run-')), ...SETTINGS, ...launch })}`,
  )
  for (const words of COMMANDS)
    add(`tessera ${words.join(' ')}`, milliseconds(await repeat(launch, (each) => measureCommand(words, each))))
}
for (const [row, values] of Object.entries(rows)) print(`| ${row} | ${values.join(' | ')} |`)
rmSync(folder, { recursive: true })
process.exit(0)
