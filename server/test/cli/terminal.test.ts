import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import sql from 'sql-template-tag'
import stringWidth from 'string-width'
import { relativeTime } from '../../src/cli/terminal/relative-time.ts'
import { layOut } from '../../src/cli/terminal/table.ts'
import { startServer, TEST_SECRET, type TestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { logIn, signUp } from '../support/users.ts'

const COMMAND = join(import.meta.dirname, '../../bin/tessera.js')
const hasTerminal = ['script', 'stty'].every((name) => !spawnSync(name, ['--version']).error)
const skip = hasTerminal ? false : 'there is no script or stty here'
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')

/** Runs a command in a pseudo-terminal of so many columns; returns what the terminal gets. */
async function inTerminal(
  server: TestServer,
  line: string,
  columns: number,
  environment: Record<string, string> = {},
): Promise<string> {
  const command = `stty cols ${columns}; '${process.execPath}' '${COMMAND}' ${line}`
  const env = { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', DATABASE_URL: server.databaseUrl }
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: temporaryFolder(),
    env: { ...env, JWT_SECRET_KEY: TEST_SECRET, ...environment },
  })
  return stdout.replaceAll('\r\n', '\n')
}

test('a time is told in the largest unit that fits, in both directions', () => {
  const now = new Date('2026-11-26T12:00:00Z')
  const cases: [seconds: number, text: string][] = [
    [0, 'now'],
    [-1, '1 second ago'],
    [-59, '59 seconds ago'],
    [-60, '1 minute ago'],
    [-3 * 60 - 59, '3 minutes ago'],
    [-3600, '1 hour ago'],
    [-86_399, '23 hours ago'],
    [-86_400, '1 day ago'],
    [-40 * 86_400, '1 month ago'],
    [-800 * 86_400, '2 years ago'],
    [90, 'in 1 minute'],
  ]
  for (const [seconds, text] of cases) assert.equal(relativeTime(new Date(now.getTime() + seconds * 1000), now), text)
})

test('a table is cut where it may be, then loses columns, then gives up', () => {
  const row = { id: '1234567890', device: 'd'.repeat(40), guid: 'g'.repeat(36), details: 'x'.repeat(30) }
  const widths = (maxWidth: number | null) => Object.fromEntries(layOut([row], maxWidth)?.widths ?? [])
  assert.deepEqual(widths(null), { id: 10, device: 40, guid: 36, details: 30 })
  assert.deepEqual(widths(112), { id: 10, device: 30, guid: 36, details: 30 })
  assert.deepEqual(widths(72), { id: 10, device: 10, guid: 36, details: 10 })
  assert.deepEqual(widths(71), { id: 10, guid: 36, details: 21 })
  assert.deepEqual(layOut([row], 59)?.hidden, ['device', 'guid'])
  assert.deepEqual(widths(22), { id: 10, details: 10 })
  assert.equal(layOut([row], 21), null)
  assert.deepEqual(Object.fromEntries(layOut([{ name: '日本' }], 10)?.widths ?? []), { name: 4 })
})

test('a terminal gets relative times, colours and lines that fit; a pipe gets ISO times and no colours', {
  skip,
}, async () => {
  const server = await startServer()
  const { email, id } = await signUp(server, 'ann-with-a-long-address@example.com')
  await logIn(server, email)
  await server.rows(sql`update users set first_name = ${'名前'.repeat(8)} where id = ${id} returning id`)
  const lines = ['users list', `users show ${id}`, 'sessions list', 'audit', 'outbox list', 'limits list']
  for (const columns of [40, 80, 100, 200]) {
    for (const line of lines) {
      const output = (await inTerminal(server, line, columns)).replaceAll(COLOURS, '')
      for (const text of output.split('\n'))
        assert.ok(stringWidth(text) <= Math.max(columns, 60), `${columns}: ${text}`)
      assert.doesNotMatch(output, /T\d\d:\d\d/, line)
    }
  }
  const wide = await inTerminal(server, 'sessions list', 200)
  assert.match(wide, /\bsecond|\bnow\b/)
  assert.match(wide, COLOURS)
  assert.match(
    await inTerminal(server, 'users list', 100),
    /Not shown, as the terminal is narrow: guid\. --json prints all\./,
  )
  assert.doesNotMatch(await inTerminal(server, 'sessions list', 200, { NO_COLOR: '1' }), COLOURS)
  const piped = await inTerminal(server, 'sessions list | cat', 80)
  assert.doesNotMatch(piped, COLOURS)
  assert.match(piped, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
  assert.match(await inTerminal(server, 'sessions list | cat', 80, { FORCE_COLOR: '1' }), COLOURS)
  assert.doesNotMatch(await inTerminal(server, 'sessions list --json', 80), COLOURS)
})
