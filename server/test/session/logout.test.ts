import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { issuePair, logInNewUser, logOut, me, refresh, refreshPair, sessionEnded } from '../support/users.ts'

const server = await startServer()
const INVALID = { error: { message: 'Invalid refresh token', details: {} } }

test('a logout ends the session at once; a second one is refused', async () => {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const answer = await logOut(server, refresh_token)
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, { message: 'Logged out successfully' })
  assert.equal((await me(server, access_token)).status, 401)
  assert.deepEqual((await refresh(server, refresh_token)).body, sessionEnded('logout'))
  const second = await logOut(server, refresh_token)
  assert.equal(second.status, 401)
  assert.deepEqual(second.body, INVALID)
  assert.equal((await server.rows(sql`select id from refresh_tokens where user_id = ${user.id}`)).length, 0)
  assert.equal((await server.rows(sql`select id from outbox where user_id = ${user.id}`)).length, 0)
  const audit = await server.rows(sql`select id from audit_events where user_id = ${user.id} and kind = ${'logout'}`)
  assert.equal(audit.length, 1)
})

test('any genuine token of a session can log out: used, pruned, expired, or of a pair', async () => {
  const { refresh_token: first } = await logInNewUser(server)
  const second = (await refresh(server, first)).body.refresh_token
  const third = (await refresh(server, second)).body.refresh_token
  assert.equal((await logOut(server, first)).status, 200, 'its row is pruned')
  assert.equal((await refresh(server, third)).status, 401)

  const pair = await issuePair(server)
  const next = (await refreshPair(server, pair)).body
  assert.equal((await logOut(server, pair.refresh_token)).status, 200, 'used, of a pair')
  assert.equal((await refreshPair(server, next)).status, 401)

  const { refresh_token: old } = await logInNewUser(server)
  server.advanceClock({ seconds: 604_801 })
  assert.equal((await logOut(server, old)).status, 200, 'expired')
})

test('a logout with an unknown, altered or empty token is refused', async () => {
  const { access_token, refresh_token } = await logInNewUser(server)
  const altered = refresh_token.slice(0, 60) + (refresh_token[60] === 'A' ? 'B' : 'A') + refresh_token.slice(61)
  for (const token of ['', 'x', altered, access_token]) {
    const answer = await logOut(server, token)
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.body, INVALID)
  }
  assert.equal((await me(server, access_token)).status, 200)
})

test('no token works once a logout that races refreshes is acknowledged', async () => {
  for (let round = 0; round < 50; round++) {
    const { refresh_token } = await logInNewUser(server)
    const refreshes = Array.from({ length: 4 }, () => refresh(server, refresh_token))
    const [out, ...answers] = await Promise.all([logOut(server, refresh_token), ...refreshes])
    assert.equal(out.status, 200)
    for (const answer of answers) {
      if (answer.status !== 200) continue
      assert.equal((await me(server, answer.body.access_token)).status, 401)
      assert.equal((await refresh(server, answer.body.refresh_token)).status, 401)
    }
  }
})
