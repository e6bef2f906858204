import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { migrate } from '../../src/storage/database/migrate.ts'
import { insertAuditEvents } from '../../src/storage/notice/audit-events.ts'
import { TEST_SECRET } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { emptyDatabaseUrl, openDatabase, temporaryFolder } from '../support/test-database.ts'

const DAY_MILLISECONDS = 86_400_000
const PROGRAM = join(import.meta.dirname, '../../bin/tessera.js')
const databaseUrl = await emptyDatabaseUrl()
const db = await openDatabase(databaseUrl)
await migrate(db, new Date())
const environment = { ...process.env, DATABASE_URL: databaseUrl, JWT_SECRET_KEY: TEST_SECRET, NODE_ENV: 'test' }

const event = (kind: 'login_failed' | 'logout', user_id: number) =>
  ({ kind, user_id, session_id: null, ip: null, user_agent: null, details: {} }) as const

const today = new Date(new Date().toISOString().slice(0, 10))
const noonOfYesterday = new Date(today.getTime() - DAY_MILLISECONDS / 2)

/** Writes more than two pages at one time, in one statement for each page, so that only ids tell their order. */
async function writeYesterday(): Promise<void> {
  for (let page = 0; page < 3; page++)
    await insertAuditEvents(
      db,
      Array.from({ length: 800 }, () => event('logout', page)),
      noonOfYesterday,
    )
  await insertAuditEvents(db, [event('login_failed', 9)], new Date(today.getTime() - DAY_MILLISECONDS))
  await insertAuditEvents(db, [event('logout', 9)], today)
  await insertAuditEvents(db, [event('logout', 9)], new Date(today.getTime() - DAY_MILLISECONDS - 1))
}

test('the line for cron in docs/keys-and-data.md archives the events of yesterday, oldest first, and no others', {
  skip: spawnSync('date', ['-u', '-d', 'yesterday', '+%F']).status !== 0 && 'date knows no yesterday here',
}, async () => {
  await writeYesterday()
  const page = readFileSync(new URL('../../../docs/keys-and-data.md', import.meta.url), 'utf8')
  const [, line = ''] = /^ {4}(tessera audit --all .*)$/m.exec(page) ?? []
  const cwd = temporaryFolder()
  execFileSync('sh', ['-euc', line.replace('tessera', `'${process.execPath}' '${PROGRAM}'`)], { cwd, env: environment })
  const archived = parseJsonLines(readFileSync(join(cwd, 'audit.jsonl'), 'utf8'))
  assert.equal(archived.length, 2401)
  assert.deepEqual(
    [archived[0].kind, archived[0].at],
    ['login_failed', `${noonOfYesterday.toISOString().slice(0, 10)}T00:00:00.000Z`],
  )
  const ids = archived.slice(1).map(({ id }) => id)
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(ids).size, 2400)
})

test('tessera audit --follow prints each event once, those to come and late ones too', async () => {
  const since = new Date()
  const at = (seconds: number) => new Date(since.getTime() + seconds * 1000)
  await insertAuditEvents(db, [event('logout', 1), event('logout', 2)], at(1))
  const child = spawn(process.execPath, [PROGRAM, 'audit', '--follow', '--since', since.toISOString()], {
    env: environment,
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  after(() => child.kill())
  const users: number[] = []
  for await (const [line] of on(createInterface({ input: child.stdout }), 'line')) {
    users.push(JSON.parse(line).user_id)
    if (users.length === 2) await insertAuditEvents(db, [event('logout', 3)], at(5))
    if (users.length === 3) await insertAuditEvents(db, [event('logout', 4)], at(2)) // committed late
    if (users.length === 4) await insertAuditEvents(db, [event('logout', 5)], at(6))
    if (users.length === 5) break
  }
  assert.deepEqual(users, [1, 2, 3, 4, 5])
})

test('tessera audit --follow and --until exclude each other', async () => {
  const { code } = await tesseraCli({ databaseUrl })('audit --follow --until 1h')
  assert.equal(code, 2)
})
