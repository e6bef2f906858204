import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/test-database.ts'

const OPEN_LOG = join(import.meta.dirname, '../../src/observe/open-log.ts')

/** Writes lines with a log of its own process; returns its output. */
function logged(isForTerminal: boolean, calls: string): string {
  const script = join(temporaryFolder(), 'log.mjs')
  writeFileSync(
    script,
    `import { openLog } from ${JSON.stringify(OPEN_LOG)}; const log = await openLog('info', { isForTerminal: ${isForTerminal} }); ${calls}`,
  )
  const { stdout, status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}

const REQUEST = `{ requestId: 'r', method: 'POST', path: '/login', status: 401, ms: 3.2, ip: '127.0.0.1', reason: 'invalid_credentials' }`

test('a log for a terminal says what a request was and why it was refused, in one line', () => {
  const output = logged(true, `log.info(${REQUEST}, 'request')`)
  assert.match(output, /POST \/login 401 in 3\.2 ms: invalid_credentials/)
  assert.match(output, /"ip":"127\.0\.0\.1"/)
  assert.equal(output.trim().split('\n').length, 1)
})

test('a log for a terminal lets no value steer it, and any other log is JSON', () => {
  const evil = `{ path: '/\u202e\u009b2J\u001b[2J', method: 'GET', status: 404, ms: 1, reason: '\u001b]0;x\u0007' }`
  const output = logged(true, `log.info(${evil}, 'request')`)
  const withoutColours = output.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d{1,2}m`, 'g'), '')
  assert.doesNotMatch(withoutColours, /[^\P{C}\n]/u)
  assert.deepEqual(Object.keys(JSON.parse(logged(false, `log.info(${REQUEST}, 'request')`))).slice(0, 3), [
    'level',
    'time',
    'requestId',
  ])
})
