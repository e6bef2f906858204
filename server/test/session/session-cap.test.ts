import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { revokeSession } from '../../src/storage/session/sessions.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import {
  decodeClaims,
  issuePair,
  logIn,
  logInNewUser,
  me,
  refresh,
  refreshPair,
  sessionEnded,
  signUp,
  type Tokens,
} from '../support/users.ts'

const sessionIdOf = (tokens: Pick<Tokens, 'access_token'>) => String(decodeClaims(tokens.access_token)['sid'])

/** Starts a server that allows a user this many sessions of each kind. */
const startWithCap = (cap: number, databaseUrl?: string) =>
  startServer({ SESSIONS_PER_USER: String(cap), ...(databaseUrl && { DATABASE_URL: databaseUrl }) })

interface Ended {
  id: string
  reason: string | null
}

async function sessionsOf(server: TestServer, userId: number): Promise<Ended[]> {
  return server.rows<Ended>(
    sql`select id, revoke_reason as reason from sessions where user_id = ${userId} order by created_at, id`,
  )
}

/** The audited ends of sessions of a user, by session. */
async function auditedEnds(server: TestServer, userId: number): Promise<Map<string, Record<string, unknown>>> {
  const rows = await server.rows<{ session_id: string; details: string | Record<string, unknown> }>(
    sql`select session_id, details from audit_events where user_id = ${userId} and kind = ${'session_ended'}`,
  )
  const read = (details: string | Record<string, unknown>) =>
    typeof details === 'string' ? JSON.parse(details) : details
  assert.equal(new Set(rows.map(({ session_id }) => session_id)).size, rows.length, 'no session ends twice')
  return new Map(rows.map(({ session_id, details }) => [session_id, read(details)]))
}

test('of twenty parallel logins over two replicas exactly as many sessions as the cap stay', async () => {
  const one = await startWithCap(5)
  const two = await startWithCap(5, one.databaseUrl)
  for (let round = 0; round < 5; round++) {
    const user = await signUp(one)
    const logins = await Promise.all(Array.from({ length: 20 }, (_, n) => logIn(n % 2 ? one : two, user.email)))
    const sessions = await sessionsOf(one, user.id)
    const displaced = sessions.filter(({ reason }) => reason === 'displaced').map(({ id }) => id)
    assert.equal(sessions.filter(({ reason }) => reason === null).length, 5)
    assert.equal(displaced.length, 15)
    const ends = await auditedEnds(one, user.id)
    assert.deepEqual([...ends.keys()].sort(), displaced.sort())
    for (const login of logins) {
      const expected = displaced.includes(sessionIdOf(login)) ? 401 : 200
      assert.equal((await me(one, login.access_token)).status, expected)
      assert.equal((await refresh(two, login.refresh_token)).status, expected)
    }
  }
  const recovered = [...one.logs, ...two.logs].filter(({ msg }) => msg === 'transient database error')
  assert.deepEqual(recovered, [], 'no login waits for a deadlock')
})

test('sessions that were never used again go first, then those that were refreshed longest ago', async () => {
  const server = await startWithCap(5)
  const first = await logInNewUser(server)
  const { email, id } = first.user
  server.advanceClock({ seconds: 10 })
  await refresh(server, first.refresh_token)
  const oldest = [first, ...(await inTurn(server, email, 2))]
  server.advanceClock({ seconds: 895 })
  // The older of the unused sessions is older than an access token by now, the other one is not.
  const [unused, unusedLater] = oldest.slice(1) as [Tokens, Tokens]
  const [young, refreshed] = (await inTurn(server, email, 2)) as [Tokens, Tokens]
  await refresh(server, refreshed.refresh_token)
  const expected = [unused, unusedLater, first, young, refreshed].map(sessionIdOf)
  for (let count = 1; count <= expected.length; count++) {
    server.advanceClock({ seconds: 5 })
    await logIn(server, email)
    const displaced = (await sessionsOf(server, id)).filter(({ reason }) => reason === 'displaced')
    assert.deepEqual(displaced.map((session) => session.id).sort(), expected.slice(0, count).sort(), `${count}`)
  }
})

/** Logs in several times, five seconds apart. */
async function inTurn(server: TestServer, email: string, count: number): Promise<Tokens[]> {
  const logins: Tokens[] = []
  for (let n = 0; n < count; n++) {
    server.advanceClock({ seconds: 5 })
    logins.push(await logIn(server, email))
  }
  return logins
}

test('with a cap of one, each login ends the session before it, whose client is told so', async () => {
  const server = await startWithCap(1)
  const first = await logInNewUser(server)
  let last: Tokens = first
  for (let count = 0; count < 3; count++) {
    const next = await logIn(server, first.user.email)
    assert.equal((await me(server, last.access_token)).status, 401)
    const refused = await refresh(server, last.refresh_token)
    assert.deepEqual([refused.status, refused.body], [401, sessionEnded('displaced')])
    assert.equal((await me(server, next.access_token)).status, 200)
    last = (await refresh(server, next.refresh_token)).body
  }
})

test('a new session never ends itself, not even beside sessions of a clock that was ahead', async () => {
  const server = await startWithCap(1)
  const { user, ...first } = await logInNewUser(server)
  const ahead = new Date(Date.now() + 86_400_000)
  await server.rows(
    sql`update sessions set created_at = ${ahead}, refreshed_at = ${ahead} where user_id = ${user.id} returning id`,
  )
  const second = await logIn(server, user.email)
  assert.equal((await me(server, second.access_token)).status, 200)
  assert.equal((await me(server, first.access_token)).status, 401)
})

test('a cap of zero is no cap', async () => {
  const server = await startWithCap(0)
  const { user } = await logInNewUser(server)
  for (let count = 0; count < 12; count++) await logIn(server, user.email)
  assert.deepEqual([...new Set((await sessionsOf(server, user.id)).map(({ reason }) => reason))], [null])
})

test('pairs and logins are counted apart, and ended sessions not at all', async () => {
  const server = await startWithCap(2)
  const first = await logInNewUser(server)
  const second = await logIn(server, first.user.email)
  const pairs = [await issuePair(server, first.user.guid)]
  for (let count = 0; count < 2; count++) pairs.push(await issuePair(server, first.user.guid))
  for (const { access_token } of [first, second, ...pairs.slice(1)])
    assert.equal((await me(server, access_token)).status, 200)
  const refused = await refreshPair(server, pairs[0] as Tokens)
  assert.deepEqual([refused.status, refused.body], [401, { error: 'Invalid refresh token' }])
  await server.post('/api/v1/auth/logout', { refresh_token: second.refresh_token })
  await logIn(server, first.user.email)
  assert.equal((await me(server, first.access_token)).status, 200, 'a place was free')
})

test('an eviction is audited with the client whose login it was, and sends no mail', async () => {
  const server = await startWithCap(1)
  const { user, ...first } = await logInNewUser(server)
  const headers = { 'user-agent': 'the client that logs in' }
  await server.post('/api/v1/auth/login', { email: user.email, password: 'correct horse battery' }, { headers })
  const ends = await auditedEnds(server, user.id)
  assert.deepEqual([...ends], [[sessionIdOf(first), { reason: 'displaced' }]])
  const [event] = await server.rows<{ user_agent: string }>(
    sql`select user_agent from audit_events where user_id = ${user.id} and kind = ${'session_ended'}`,
  )
  assert.equal(event?.user_agent, headers['user-agent'])
  assert.equal((await server.rows(sql`select id from outbox where user_id = ${user.id}`)).length, 0)
  const tokens = sql`select id from refresh_tokens where session_id = ${sessionIdOf(first)}`
  assert.equal((await server.rows(tokens)).length, 0)
})

test('a session that is logged out while a login is about to displace it keeps its own reason', {
  skip: !onPostgres && 'SQLite has one writer: no other transaction is in progress',
}, async () => {
  const server = await startWithCap(1)
  const { user, ...first } = await logInNewUser(server)
  const [ended, proceed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const logout = server.ctx.db.transaction(async (tx) => {
    await revokeSession(tx, { id: sessionIdOf(first), reason: 'logout', now: new Date() })
    ended.resolve()
    await proceed.promise
  })
  await ended.promise
  const login = logIn(server, user.email)
  const waiting = sql`select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  let isOver = false
  login.finally(() => {
    isOver = true
  })
  while (!isOver && (await server.rows(waiting)).length === 0);
  proceed.resolve()
  await Promise.all([logout, login])
  assert.equal((await me(server, (await login).access_token)).status, 200)
  assert.deepEqual(
    (await sessionsOf(server, user.id)).map(({ reason }) => reason),
    ['logout', null],
  )
  assert.deepEqual([...(await auditedEnds(server, user.id))], [])
})
