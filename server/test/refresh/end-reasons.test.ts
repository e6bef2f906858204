import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { disableUser } from '../../src/auth/account/disable-user.ts'
import { changePassword } from '../../src/auth/password/change-password.ts'
import { endSession } from '../../src/auth/session/end-session.ts'
import { endEverySession, endSessionsOfUser } from '../../src/auth/session/end-sessions.ts'
import { findUserByEmail } from '../../src/storage/account/users.ts'
import { startServer, type TestServer } from '../support/server.ts'
import {
  decodeClaims,
  issuePair,
  logIn,
  logInNewUser,
  logOut,
  PASSWORD,
  refresh,
  refreshPair,
  sessionEnded,
  type Tokens,
  type User,
} from '../support/users.ts'

const origin = { ip: null, userAgent: null }
const INVALID = { error: { message: 'Invalid refresh token', details: {} } }
type Login = Tokens & { user: User }

const sessionIdOf = (login: Tokens) => String(decodeClaims(login.access_token)['sid'])

/** Every way in which a session can end before its time, with the reason that its client is told. */
const ENDS: Record<string, [reason: string, end: (server: TestServer, login: Login) => Promise<unknown>]> = {
  'a logout': ['logout', (server, login) => logOut(server, login.refresh_token)],
  'its user, from another session': [
    'ended',
    async (server, login) => {
      const { access_token: bearer } = await logIn(server, login.user.email)
      return server.delete(`/api/v1/auth/sessions/${sessionIdOf(login)}`, { bearer })
    },
  ],
  'the end of all sessions': [
    'ended',
    async (server, login) => server.delete('/api/v1/auth/sessions?current=true', { bearer: login.access_token }),
  ],
  'a login too many': ['displaced', (server, login) => logIn(server, login.user.email)],
  'a reuse': [
    'reuse',
    async (server, login) => {
      await refresh(server, login.refresh_token)
      server.advanceClock({ seconds: 31 })
      await refresh(server, login.refresh_token)
    },
  ],
  'a restored backup': [
    'rolled_back',
    async (server, login) => {
      await server.rows(sql`update refresh_tokens set token_digest = ${'x'} where user_id = ${login.user.id}`)
      await refresh(server, login.refresh_token)
    },
  ],
  'a new password': [
    'password_changed',
    async (server, { user: { email } }) => {
      const user = await findUserByEmail(server.ctx.db, email)
      assert.ok(user)
      await changePassword(server.ctx, { user, password: 'another password', origin })
    },
  ],
  'a disabled user': ['disabled', (server, { user }) => disableUser(server.ctx, { user, origin })],
  'an operator, one session': [
    'operator',
    (server, login) => {
      const session = { id: sessionIdOf(login), userId: login.user.id }
      return endSession(server.ctx, { session, reason: 'operator', generation: null, origin, now: new Date() })
    },
  ],
  'an operator, all of a user': [
    'operator',
    (server, { user }) => endSessionsOfUser(server.ctx, { userId: user.id, origin }),
  ],
  'an operator, all sessions': ['operator', (server) => endEverySession(server.ctx, { origin })],
}

const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict', SESSIONS_PER_USER: '2' })

for (const [name, [reason, end]] of Object.entries(ENDS)) {
  test(`after ${name}, a refresh tells "${reason}", each time`, async () => {
    const login = await logInNewUser(server)
    if (reason === 'displaced') await logIn(server, login.user.email)
    await end(server, login)
    for (let again = 0; again < 2; again++) {
      const answer = await refresh(server, login.refresh_token)
      assert.deepEqual([answer.status, answer.body], [401, sessionEnded(reason)])
    }
  })
}

test('at the absolute end of its session, a refresh tells "expired"; a token that expired alone ended no session', async () => {
  const short = await startServer({ SESSION_MAX_AGE: '700000' })
  const { refresh_token, user } = await logInNewUser(short)
  short.advanceClock({ seconds: 604_801 })
  const expired = await refresh(short, refresh_token)
  assert.deepEqual(expired.body, { error: { message: 'Refresh token expired', details: {} } })
  short.advanceClock({ seconds: 100_000 })
  const ended = await refresh(short, refresh_token)
  assert.deepEqual([ended.status, ended.body], [401, sessionEnded('expired', 'Refresh token expired')])
  const { access_token: bearer } = await logIn(short, user.email)
  const sessions = await short.rows<{ id: string }>(
    sql`select id from sessions where user_id = ${user.id} order by created_at limit 1`,
  )
  const shown = await short.get(`/api/v1/auth/sessions/${sessions[0]?.id}`, { bearer })
  assert.equal(shown.body.session.end_reason, 'expired')
  assert.equal(shown.body.session.ended_at, shown.body.session.expires_at)
})

test('a forged token of an ended session, and one that is sent another way, are told no reason', async () => {
  const login = await logInNewUser(server)
  const other = await logIn(server, login.user.email)
  await logOut(server, login.refresh_token)
  const bytes = Buffer.from(login.refresh_token, 'base64url')
  for (const position of [0, 16, 20, 47, 48, 63]) {
    const forged = Buffer.from(bytes)
    forged[position] = (forged[position] ?? 0) ^ 1
    const answer = await refresh(server, forged.toString('base64url'))
    assert.deepEqual([answer.status, answer.body], [401, INVALID])
  }
  // The public part of the ended session's token, with the rest of another one.
  const mixed = Buffer.concat([bytes.subarray(0, 20), Buffer.from(other.refresh_token, 'base64url').subarray(20)])
  assert.deepEqual((await refresh(server, mixed.toString('base64url'))).body, INVALID)
  const cookie = `__Host-tessera_refresh=${login.refresh_token}`
  assert.deepEqual((await server.post('/api/v1/auth/refresh', {}, { headers: { cookie } })).body, INVALID)
  assert.equal((await refresh(server, other.refresh_token)).status, 200)
})

test('an ended session in a cookie tells its reason to the cookie, and keeps it from a body', async () => {
  const { user } = await logInNewUser(server)
  const login = await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD, cookie: true })
  const [, token = ''] = login.headers.getSetCookie().join().match('__Host-tessera_refresh=([^;]+)') ?? []
  const headers = { cookie: `__Host-tessera_refresh=${token}` }
  await server.post('/api/v1/auth/logout', {}, { headers })
  assert.deepEqual((await server.post('/api/v1/auth/refresh', {}, { headers })).body, sessionEnded('logout'))
  assert.deepEqual((await refresh(server, token)).body, INVALID)
})

test('the contracts of pairs and of OAuth have no place for a reason', async () => {
  const login = await logInNewUser(server)
  const pair = await issuePair(server, login.user.guid)
  for (const { refresh_token } of [pair, login]) await logOut(server, refresh_token)
  assert.deepEqual((await refreshPair(server, pair)).body, { error: 'Invalid refresh token' })
  const body = `grant_type=refresh_token&refresh_token=${login.refresh_token}`
  const answer = await fetch(`${server.url}/oauth/token`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.equal(answer.status, 400)
  assert.deepEqual(await answer.json(), { error: 'invalid_grant', error_description: 'Invalid refresh token' })
})
