import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { retireKey } from '../../src/auth/keys/change-keys.ts'
import { DAY, decodeHeader, list, publishedKeys, startReplicas, states } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me, refresh } from '../support/users.ts'

const kidOf = (token: string) => decodeHeader(token)['kid'] ?? ''

async function retire(server: TestServer, kid: string, refuses: boolean) {
  const origin = { ip: null, userAgent: 'a test' }
  return retireKey(server.ctx, await list(server), kid, { refuses, noticeSeconds: DAY, origin })
}

test('a refused key: its tokens are 401 on every replica, and sessions live on with the next key', async () => {
  const { servers } = await startReplicas(2, { JWT_ALGORITHM: 'ES256' })
  const [one, other] = servers as [TestServer, TestServer]
  const login = await logInNewUser(one)
  const kid = kidOf(login.access_token)
  const outcome = await retire(one, kid, true)
  assert.ok(outcome.kind === 'done' && outcome.successor !== null)
  for (const server of servers) {
    while ((await me(server, login.access_token)).status !== 401);
    assert.ok(!(await publishedKeys(server)).keys.some((key) => key.kid === kid))
  }
  const next = await refresh(other, login.refresh_token)
  assert.equal(kidOf(next.body.access_token), outcome.successor)
  assert.equal((await me(one, next.body.access_token)).status, 200)
  assert.deepEqual(await states(one), ['refused', 'current', 'next'])
})

test('a retired key signs no more, and its tokens are accepted until they expire', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'ES256' })
  const [server] = servers
  const login = await logInNewUser(server)
  assert.equal(
    (await retire(server, kidOf(login.access_token), false)).kind,
    'too_young',
    'the next key is not known yet',
  )
  clock.advance(2 * DAY)
  const last = await logIn(server, login.user.email)
  assert.equal((await retire(server, kidOf(last.access_token), false)).kind, 'done')
  await server.readSigningKeys()
  assert.notEqual(kidOf((await logIn(server, login.user.email)).access_token), kidOf(last.access_token))
  assert.equal((await me(server, last.access_token)).status, 200)
  clock.advance(899)
  assert.deepEqual((await states(server))[0], 'previous')
  assert.equal((await retire(server, kidOf(last.access_token), false)).kind, 'already_retired')
  assert.equal((await retire(server, 'x'.repeat(43), true)).kind, 'unknown_key')
})

test('a next key that is retired never signs, and another one takes its place', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'ES256' })
  const [server] = servers
  const { user } = await logInNewUser(server)
  const next = (await list(server)).keys.find(({ state }) => state === 'next')
  assert.equal((await retire(server, next?.kid ?? '', false)).kind, 'done')
  await server.readSigningKeys()
  clock.advance(91 * DAY)
  assert.notEqual(kidOf((await logIn(server, user.email)).access_token), next?.kid)
})

test('when every key is retired a new one signs at once, with an error in the log', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const { user } = await logInNewUser(server)
  await server.rows(sql`update signing_keys set retired_at = ${new Date()} returning kid`)
  await server.readSigningKeys()
  const login = await logIn(server, user.email)
  assert.equal((await me(server, login.access_token)).status, 200)
  assert.ok(server.logs.some((line) => line['level'] === 50 && line['kid'] === kidOf(login.access_token)))
})

test('a restored backup revives no key of KEYS_REFUSED', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const login = await logInNewUser(server)
  await server.close() // its database is the backup: it has the key as good
  const settings = { JWT_ALGORITHM: 'ES256', DATABASE_URL: server.databaseUrl }
  const restored = await startServer({ ...settings, KEYS_REFUSED: `${kidOf(login.access_token)},another` })
  assert.equal((await me(restored, login.access_token)).status, 401)
  assert.ok(restored.logs.some((line) => line['level'] === 40 && line['kid'] === kidOf(login.access_token)))
  await restored.close()
  const later = await startServer(settings)
  assert.equal((await me(later, login.access_token)).status, 401, 'the database knows it from then on')
  assert.equal((await me(later, (await logIn(later, login.user.email)).access_token)).status, 200)
})
