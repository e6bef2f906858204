import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { endEverySession } from '../../src/auth/session/end-sessions.ts'
import { startServer } from '../support/server.ts'
import {
  decodeClaims,
  issuePair,
  logIn,
  logInNewUser,
  logOut,
  me,
  refresh,
  refreshPair,
  sessionEnded,
  type Tokens,
} from '../support/users.ts'

const origin = { ip: null, userAgent: null }
const sessionIdOf = (login: Tokens) => String(decodeClaims(login.access_token)['sid'])

test('the end of all sessions ends each kind at each endpoint, and tells clients that it was an operator', async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  const pair = await issuePair(server, login.user.guid)
  assert.equal(await endEverySession(server.ctx, { origin }), 2)

  assert.equal((await me(server, login.access_token)).status, 401)
  assert.equal((await me(server, pair.access_token)).status, 401)
  const refused = await refresh(server, login.refresh_token)
  assert.equal(refused.status, 401)
  assert.deepEqual(refused.body, sessionEnded('operator'))
  assert.equal((await refreshPair(server, pair)).status, 401)
  await logOut(server, login.refresh_token)
  const events = await server.rows<{ details: string }>(sql`select kind from audit_events where kind = 'logout'`)
  assert.equal(events.length, 0, 'a session ends once')
})

test('a session that begins after the end of all sessions lives, and sees the earlier ones as ended', async () => {
  const server = await startServer({ SESSIONS_PER_USER: '2' })
  const first = await logInNewUser(server)
  await logIn(server, first.user.email)
  await endEverySession(server.ctx, { origin })
  const later = await logIn(server, first.user.email)
  const second = await logIn(server, first.user.email)
  assert.equal((await me(server, later.access_token)).status, 200, 'ended sessions do not count')
  assert.equal((await refresh(server, later.refresh_token)).status, 200)

  const list = await server.get('/api/v1/auth/sessions', { bearer: second.access_token })
  const sessions = list.body['sessions'] as { id: string }[]
  assert.deepEqual(sessions.map(({ id }) => id).sort(), [sessionIdOf(later), sessionIdOf(second)].sort())
  const shown = await server.get(`/api/v1/auth/sessions/${sessionIdOf(first)}`, { bearer: second.access_token })
  assert.equal((shown.body['session'] as { end_reason?: string }).end_reason, 'operator')
})

test('a second end of all sessions ends those of the epoch between', async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  await endEverySession(server.ctx, { origin })
  const between = await logIn(server, login.user.email)
  assert.equal(await endEverySession(server.ctx, { origin }), 1)
  for (const { access_token } of [login, between]) assert.equal((await me(server, access_token)).status, 401)
})
