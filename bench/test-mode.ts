// Measures how long a test file waits for its server: `npm run bench:test-mode -- [--files 100]`. Each file is a process of
// its own, as many at once as the runner starts by itself. Vitest is measured if it is there: npm ci --prefix examples.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { quantile } from '../harness/statistics.ts'

const { values: options } = parseArgs({ options: { files: { type: 'string', default: '100' } } })
const root = join(import.meta.dirname, '..')
const vitest = join(root, 'examples/node_modules/vitest/vitest.mjs')
const folder = join(root, existsSync(vitest) ? 'examples/' : '', 'node_modules/.cache/bench-test-mode')
const results = join(folder, 'results.txt')

const print = (line: string) => process.stdout.write(`${line}\n`)

/** Builds both packages, as an application has them after `npm install`. */
function installPackages(): void {
  rmSync(folder, { recursive: true, force: true })
  for (const [source, name] of [
    ['server', 'tessera-auth'],
    ['testing', 'tessera-test'],
  ] as const) {
    const target = join(folder, 'node_modules', name)
    for (const part of ['package.json', 'bin', 'assets', 'migrations'])
      if (existsSync(join(root, source, part)))
        cpSync(join(root, source, part), join(target, part), { recursive: true })
    // Its dependencies are those of this workspace.
    if (name === 'tessera-auth') symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const args = ['-p', join(root, source, 'tsconfig.build.json'), '--outDir', join(target, 'dist')]
    if (spawnSync(process.execPath, [compiler, ...args], { stdio: 'inherit' }).status !== 0) process.exit(1)
  }
}

/** A test file that notes how long it waited. */
const testFile = (runner: string) => `
import { appendFileSync } from 'node:fs'
import { test } from '${runner}'
const begun = performance.now()
const { startTessera } = await import('tessera-test')
const [loaded, cpu] = [performance.now(), process.cpuUsage()]
const tessera = await startTessera()
const started = performance.now()
const { user, system } = process.cpuUsage(cpu)
appendFileSync(${JSON.stringify(results)}, [loaded - begun, started - loaded, (user + system) / 1000].join(' ') + '\\n')
test('a session', async () => {
  await tessera.session()
  await tessera.stop()
})
`

function measure(name: string, runner: string, args: string[]): void {
  const tests = join(folder, 'tests')
  rmSync(tests, { recursive: true, force: true })
  rmSync(results, { force: true })
  mkdirSync(tests)
  for (let count = 1; count <= Number(options.files); count++)
    writeFileSync(join(tests, `file-${count}.test.mjs`), testFile(runner))
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tests, encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout + stderr)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  const waits = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
  const cell = (part: 0 | 1 | 2) => {
    const values = waits.map((wait) => wait[part] ?? 0)
    return `${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.95).toFixed(0)} ms`
  }
  print(`| ${name} | ${waits.length} | ${cell(0)} | ${cell(1)} | ${cell(2)} | ${seconds} s |`)
}

/** Runs the first example of a page, and prints how long its tests take. */
function measureExample(page: string): void {
  const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, page), 'utf8')) ?? []
  const file = join(folder, 'example.test.mjs')
  writeFileSync(file, example)
  const begun = performance.now()
  const { status, stdout } = spawnSync(process.execPath, ['--test', file], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  print(
    `\nThe first example of ${page}, with a theft, a lost answer and an expiry, from its start to its end: ${seconds} s`,
  )
}

installPackages()
print('p50 / p95 of each file:\n')
print('| | files | import | startTessera() | its processor time | all files |\n|---|---|---|---|---|---|')
measure('node:test', 'node:test', ['--test'])
if (existsSync(vitest)) measure('Vitest', 'vitest', [vitest, 'run', '--root', '.'])
measureExample('docs/testing.md')
rmSync(folder, { recursive: true })
