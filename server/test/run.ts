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
const everywhere = ['**/*.test.ts', '../../torture/**/*.test.ts']
// The packages beside the server are tested once: their servers' database makes no difference to them.
const packages = ['client', 'verify', 'testing'].map((name) => `../../${name}/test/**/*.test.ts`)
const patterns = database === 'sqlite' ? [...everywhere, ...packages] : everywhere
const files = given.length > 0 ? given : globSync(patterns.map((pattern) => join(import.meta.dirname, pattern))).sort()
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=120000', ...files], {
  stdio: 'inherit',
  timeout: 1_800_000, // a handle left open by a failed test would keep its file waiting indefinitely
  env: {
    ...process.env,
    TEST_DATABASE: database,
    // Each file, and each command that it runs, is a process that loads the server: the cache halves what that takes.
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/tessera-tests'),
  },
})
process.exit(run.status ?? 1)
