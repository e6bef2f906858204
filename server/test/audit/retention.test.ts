import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import { insertAuditEvents } from '../../src/storage/notice/audit-events.ts'
import { AUDIT_CLASSES, AUDIT_KINDS, type AuditKind, kindsOfClass } from '../../src/storage/notice/audit-kinds.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { logInNewUser, refresh } from '../support/users.ts'

const DAY = 86_400
const ABOUT = { user_id: null, session_id: null, ip: null, user_agent: null, details: {} }

async function kinds(server: TestServer): Promise<string[]> {
  const rows = await server.rows<{ kind: string }>(sql`select distinct kind from audit_events order by kind`)
  return rows.map(({ kind }) => kind)
}

async function record(server: TestServer, kind: AuditKind, count = 1): Promise<void> {
  const events = Array.from({ length: count }, () => ({ kind, ...ABOUT }))
  await insertAuditEvents(server.ctx.db, events, server.ctx.now())
}

test('docs/keys-and-data.md lists every kind of audit event under its class', () => {
  const page = readFileSync(new URL('../../../docs/keys-and-data.md', import.meta.url), 'utf8')
  for (const auditClass of AUDIT_CLASSES) {
    const [, cell = ''] = new RegExp(`^\\| ${auditClass} \\| [^|]+ \\| ([^|]+) \\|$`, 'm').exec(page) ?? []
    const listed = [...cell.matchAll(/`(\w+)`/g)].map(([, kind]) => kind)
    assert.deepEqual(listed, kindsOfClass(auditClass), auditClass)
  }
  assert.ok(AUDIT_KINDS.includes('login_failed'))
})

test('an event lives as long as its class, and no time ends one whose class is kept for good', async () => {
  const server = await startServer({ AUDIT_RETENTION_SHORT: '2d', AUDIT_RETENTION: '40d', AUDIT_RETENTION_LONG: 'off' })
  for (const kind of ['login_failed', 'logout', 'user_deleted'] as const) await record(server, kind)
  server.advanceClock({ seconds: 1.9 * DAY })
  await cleanUp(server.ctx)
  assert.deepEqual(await kinds(server), ['login_failed', 'logout', 'user_deleted'])
  // On PostgreSQL the month has to end, too.
  server.advanceClock({ seconds: (onPostgres ? 33 : 2) * DAY })
  await cleanUp(server.ctx)
  assert.deepEqual(await kinds(server), ['logout', 'user_deleted'])
  server.advanceClock({ seconds: 75 * DAY })
  await cleanUp(server.ctx)
  assert.deepEqual(await kinds(server), ['user_deleted'])
  server.advanceClock({ seconds: 3000 * DAY })
  await cleanUp(server.ctx)
  assert.deepEqual(await kinds(server), ['user_deleted'])
})

test('events are deleted in batches, by the index of their class and in the order of time', {
  skip: onPostgres && 'months are dropped',
}, async () => {
  const server = await startServer()
  await record(server, 'login_failed', 2500)
  server.advanceClock({ seconds: 31 * DAY })
  await record(server, 'login_failed', 5)
  assert.equal((await cleanUp(server.ctx))['audit_events'], 2500)
  assert.equal((await server.rows(sql`select id from audit_events where class = 'short'`)).length, 5)
  const plan = await server.rows<{ detail: string }>(sql`
    explain query plan delete from audit_events where id in (
      select id from audit_events where class = 'short' and at < '2027' limit 1000)`)
  assert.ok(plan.some(({ detail }) => detail.includes('audit_events_class (class=? AND at<?)')))
})

test('a rotation leaves no audit event', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  let { refresh_token } = await logInNewUser(server)
  const before = await server.rows(sql`select id from audit_events`)
  for (let n = 0; n < 3; n++) {
    const answer = await refresh(server, refresh_token)
    assert.equal(answer.status, 200)
    assert.notEqual(answer.body.refresh_token, refresh_token)
    refresh_token = answer.body.refresh_token
  }
  assert.deepEqual(await server.rows(sql`select id from audit_events`), before)
})
