import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { ADMIN, issuePair, logIn, logInNewUser, me, refresh, refreshPair, signUp } from '../support/users.ts'

const server = await startServer()

const remove = (target: TestServer, id: string | number, bearer?: string) =>
  target.delete(`/api/v1/users/${id}`, bearer === undefined ? {} : { bearer })

test('users delete themselves by id or GUID, with their sessions, tokens and mails; the audit log stays', async () => {
  for (const name of ['id', 'guid'] as const) {
    const { user, access_token, refresh_token } = await logInNewUser(server)
    const pair = await issuePair(server, user.guid)
    await refreshPair(server, pair)
    await refreshPair(server, pair)
    const answer = await remove(server, user[name], access_token)
    assert.equal(answer.status, 204)
    assert.equal(answer.text, '')
    assert.equal((await me(server, access_token)).status, 401)
    assert.equal((await refresh(server, refresh_token)).status, 401)
    for (const table of ['sessions', 'refresh_tokens', 'outbox'] as const) {
      const rows = {
        sessions: sql`select id from sessions where user_id = ${user.id}`,
        refresh_tokens: sql`select id from refresh_tokens where user_id = ${user.id}`,
        outbox: sql`select id from outbox where user_id = ${user.id}`,
      }[table]
      assert.equal((await server.rows(rows)).length, 0, table)
    }
    const audit = await server.rows<{ kind: string }>(
      sql`select kind from audit_events where user_id = ${user.id} order by id desc`,
    )
    assert.equal(audit[0]?.kind, 'user_deleted')
  }
})

test('an admin can delete any user; to other users, the id of another user is the same 404 as an unknown one', async () => {
  const { access_token: admin } = await logIn(server, ADMIN.email, ADMIN.password)
  const { access_token } = await logInNewUser(server)
  const victim = await signUp(server)
  const ids = [
    victim.id,
    victim.guid,
    victim.guid.toUpperCase(),
    999_999,
    randomUUID(),
    'x',
    '0',
    '-1',
    '1e3',
    '9'.repeat(30),
    '%00',
  ]
  const texts = new Set<string>()
  for (const id of ids) {
    const answer = await remove(server, id, access_token)
    assert.equal(answer.status, 404, String(id))
    texts.add(answer.text)
  }
  assert.deepEqual([...texts], ['{"error":{"message":"Not found","details":{}}}'])
  assert.equal((await remove(server, victim.guid, admin)).status, 204)
  assert.equal((await remove(server, victim.guid, admin)).status, 404)
})

test('a deletion without a valid access token is refused', async () => {
  const user = await signUp(server)
  for (const bearer of [undefined, 'nonsense', (await logInNewUser(server)).refresh_token]) {
    const answer = await remove(server, user.id, bearer)
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.body, { error: { message: 'Missing or invalid token', details: {} } })
  }
  await logIn(server, user.email)
})

test('of twenty concurrent deletions of one user, one gets the 204', async () => {
  const { access_token: admin } = await logIn(server, ADMIN.email, ADMIN.password)
  const user = await signUp(server)
  const answers = await Promise.all(Array.from({ length: 20 }, () => remove(server, user.id, admin)))
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [204, ...Array.from({ length: 19 }, () => 404)])
})

test('a deletion may have a JSON content type and no body', async () => {
  const { user, access_token } = await logInNewUser(server)
  const headers = { 'content-type': 'application/json' }
  assert.equal((await server.delete(`/api/v1/users/${user.id}`, { bearer: access_token, headers })).status, 204)
})
