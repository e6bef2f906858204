import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { insertMail } from '../../src/storage/notice/outbox.ts'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, signUp } from '../support/users.ts'

/** Commands whose output is not an answer: a log, or a script for a shell; and one that prints JSON in any case. */
const WITHOUT_JSON = ['start', 'completion', 'complete', 'test']

/** Commands that need several key pairs, a SQLite file, an empty folder, metrics, or a server that waits: tests of their own run them. */
const ELSEWHERE = ['keys rotate', 'keys retire', 'backup', 'restore', 'maintenance', 'move', 'init', 'status']

/** The full names of the commands that can be run. */
function names(parent: Command, path: readonly string[] = []): string[] {
  return parent.commands.flatMap((command) => {
    const full = [...path, command.name()]
    return command.commands.length > 0 ? names(command, full) : [full.join(' ')]
  })
}

test('with --json every command prints one JSON object per line and nothing else, empty lists too', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { id, email } = await signUp(server)
  await logIn(server, email)
  const data = { session_id: '', ip: '198.51.100.7', user_agent: 'curl/8', at: '2026-11-20T10:00:00.000Z' }
  const mail = { user_id: id, kind: 'refresh_token_reused', data } as const
  for (const dedupe_key of ['a', 'b']) await insertMail(server.ctx.db, { ...mail, dedupe_key }, new Date())
  const [first, second] = parseJsonLines((await tessera('outbox list --json')).output)
  const [session] = parseJsonLines((await tessera('sessions list --json')).output)
  const changed = { id, email, changed: true }
  const expected: [line: string, answer: object[] | number | 'several', input?: string][] = [
    ['migrate', [{ applied: [] }]],
    ['secret', 1],
    ['users list --limit 2', 2],
    ['users list --search none', []],
    [`users show ${id}`, 1],
    [`users update ${id} --first-name Ann`, 1],
    ['users create new@example.com --no-password', 1],
    [`sessions list --user ${id}`, 1],
    [`sessions end --user ${id}`, [{ ended: 1 }]],
    [`sessions list --user ${id}`, []],
    ['sessions end --all --yes', [{ ended: 0 }]],
    [`sessions show ${session.id}`, 1],
    ['limits list', []],
    ['keys list', []],
    ['keys add --algorithm ES256', 1],
    [`limits forgive ${id}`, [{ lifted: 0 }]],
    ['limits forgive --all', 1],
    [`users disable ${id}`, [changed]],
    [`users disable ${id}`, [{ ...changed, changed: false }]],
    [`users enable ${id}`, [changed]],
    [`users set-role ${id} admin`, [{ ...changed, role: 'admin' }]],
    [`users set-claims ${id} {"plan":"gold"}`, [{ ...changed, claims: { plan: 'gold' } }]],
    [`users set-password ${id}`, [{ ...changed, limits_lifted: 0 }], 'another good one'],
    [`outbox show ${first.id}`, 1],
    [`outbox retry ${first.id}`, [{ id: first.id, changed: true }]],
    [`outbox drop ${first.id} ${second.id}`, 2],
    ['outbox list', []],
    ['outbox retry --failed', []],
    [`users verify-email ${id}`, [{ id, email, verified: 1 }]],
    [`users send-reset ${id}`, [{ id, email, mailed: true }]],
    [`audit --user ${id} --limit 3`, 3],
    ['clean-up', 1],
    ['doctor', 'several'],
    ['users export', 4],
    [`users delete ${id} --yes`, [{ id, email, deleted: true }]],
    ['users import - --dry-run', [{ lines: 1, bad: 0, imported: 0 }], '{"email":"in@example.com"}'],
    ['users import - --skip-invalid', [{ lines: 2, bad: 1, imported: 1 }], '{"email":"in@example.com"}\n{}'],
  ]
  for (const [line, answer, input] of expected) {
    const { code, output } = await tessera(`${line} --json`, input)
    assert.equal(code, 0, `${line}: ${output}`)
    const rows = output === '' ? [] : parseJsonLines(output)
    if (typeof answer === 'number') assert.equal(rows.length, answer, `${line}: ${output}`)
    else if (answer === 'several') assert.ok(rows.length > 1, `${line}: ${output}`)
    else assert.deepEqual(rows, answer, line)
    for (const row of rows) assert.equal(typeof row, 'object')
  }
  for (const name of names(createProgram('0.0.0')))
    assert.ok(
      [...WITHOUT_JSON, ...ELSEWHERE].includes(name) || expected.some(([line]) => `${line} `.startsWith(`${name} `)),
      name,
    )
})

test('with --json an error is still one sentence on standard error, and --csv is another answer', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const missing = await tessera('users show nobody@example.com --json')
  assert.deepEqual([missing.code, missing.output.startsWith('tessera: No user has ')], [1, true])
  assert.equal((await tessera('users export --csv --json')).code, 2)
})
