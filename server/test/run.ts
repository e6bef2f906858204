// Runs the whole suite on one database: `node server/test/run.ts sqlite|postgres [file …]`.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const [database = 'sqlite', ...given] = process.argv.slice(2)

if (database === 'postgres' && !process.env['TEST_DATABASE_URL']) {
  process.stdout.write(
    '\nSKIPPED on PostgreSQL: set TEST_DATABASE_URL=postgres://user@host/database to run the suite there too.\n',
  )
  process.exit(0)
}

process.stdout.write(`\nThe suite on ${database === 'postgres' ? 'PostgreSQL' : 'SQLite'}\n`)
const cwd = import.meta.dirname
// A database makes no difference to these folders, nor to what is beside the server: they are tested once.
const once = ['clients', 'config', 'crypto', 'keys/foreign', 'pages', 'project', 'test-mode', 'text'].map(
  (folder) => `${folder}/**`,
)
const beside = ['client', 'verify', 'testing'].map((name) => `../../${name}/test/**/*.test.ts`)
const found =
  database === 'postgres'
    ? globSync('**/*.test.ts', { cwd, exclude: once })
    : globSync(['**/*.test.ts', '../../{torture,deploy}/**/*.test.ts', ...beside], { cwd })
const files = given.length > 0 ? given : found.map((file) => join(cwd, file)).sort()
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=120000', ...files], {
  stdio: 'inherit',
  timeout: 2_700_000, // a handle left open by a failed test would keep its file waiting indefinitely
  env: {
    ...process.env,
    TEST_DATABASE: database,
    // Each file, and each command that it runs, is a process that loads the server: the cache halves what that takes.
    NODE_COMPILE_CACHE: join(cwd, '../../node_modules/.cache/tessera-tests'),
  },
})
process.exit(run.status ?? 1)
