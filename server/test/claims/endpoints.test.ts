import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, logOut, refresh } from '../support/users.ts'

const KEY = 'the-key-of-a-service-that-sets-claims'
const OTHER = 'the-key-of-a-service-that-issues-pairs'
const server = await startServer({ SERVICE_KEYS: `billing:claims:${KEY},orders:pairs:${OTHER}`, PAIR_ISSUANCE: 'demo' })

const asService = { bearer: KEY }
const ofUser = (guid: string) => `/api/v1/users/${guid}/claims`
const ofSession = (sid: unknown) => `/api/v1/sessions/${sid}/claims`

test('a service sets the claims of a user, which replaces all, and the next token has them', async () => {
  const { user, ...login } = await logInNewUser(server)
  const answer = await server.put(ofUser(user.guid), { claims: { plan: 'gold', a: { b: [1, null] } } }, asService)
  assert.deepEqual([answer.status, answer.body], [200, { claims: { plan: 'gold', a: { b: [1, null] } } }])
  const refreshed = (await refresh(server, login.refresh_token)).body
  assert.deepEqual(decodeClaims(refreshed.access_token)['a'], { b: [1, null] })
  assert.deepEqual((await server.put(ofUser(user.guid.toUpperCase()), { claims: { x: 1 } }, asService)).body, {
    claims: { x: 1 },
  })
  const claims = decodeClaims((await refresh(server, refreshed.refresh_token)).body.access_token)
  assert.deepEqual([claims['x'], 'plan' in claims], [1, false])
  assert.deepEqual((await server.put(ofUser(user.guid), { claims: {} }, asService)).body, { claims: {} })
  const [event] = await server.rows<{ details: string }>(sql`
    select details from audit_events where user_id = ${user.id} and kind = 'claims_changed' order by id limit 1`)
  assert.deepEqual(JSON.parse(event?.details ?? ''), { names: 'plan a', service: 'billing' })
})

test('a service sets the claims of one login, as long as it is active', async () => {
  const { user, ...login } = await logInNewUser(server)
  const { sid } = decodeClaims(login.access_token)
  const answer = await server.put(ofSession(sid), { claims: { tenant: 7 } }, asService)
  assert.deepEqual([answer.status, answer.body], [200, { claims: { tenant: 7 } }])
  const refreshed = (await refresh(server, login.refresh_token)).body
  assert.equal(decodeClaims(refreshed.access_token)['tenant'], 7)
  assert.equal('tenant' in decodeClaims((await logIn(server, user.email)).access_token), false)
  await logOut(server, refreshed.refresh_token)
  const pair = decodeClaims((await issuePair(server, user.guid)).access_token)
  for (const unknown of [sid, pair['sid'], crypto.randomUUID(), 'x', '1']) {
    const { status, body } = await server.put(ofSession(unknown), { claims: { tenant: 7 } }, asService)
    assert.deepEqual([status, body.error.message], [404, 'Not found'], String(unknown))
  }
  assert.equal((await server.put(ofUser(crypto.randomUUID()), { claims: {} }, asService)).status, 404)
})

test('only a key of the scope claims sets any', async () => {
  const { user, access_token } = await logInNewUser(server)
  const { sid } = decodeClaims(access_token)
  for (const path of [ofUser(user.guid), ofSession(sid)]) {
    const statuses = [{}, { bearer: access_token }, { bearer: `${KEY}x` }, { bearer: OTHER }].map(
      async (options) => (await server.put(path, { claims: { admin: true } }, options)).status,
    )
    assert.deepEqual(await Promise.all(statuses), [401, 401, 401, 403])
  }
  const [row] = await server.rows<{ claims: string }>(sql`select claims from users where id = ${user.id}`)
  assert.equal(row?.claims, '{}')
})

test('refused claims are 422 with a code and the name, whatever they are', async () => {
  const { user, access_token } = await logInNewUser(server)
  for (const path of [ofUser(user.guid), ofSession(decodeClaims(access_token)['sid'])]) {
    for (const [claims, name] of [
      ['{"sub":"x"}', 'sub'],
      ['{"ok":1,"exp":9}', 'exp'],
      ['{"__proto__":{"admin":true}}', '__proto__'],
      ['{"a":[{"__proto__":1}]}', '__proto__'],
      ['{"a":{"constructor":{"prototype":{}}}}', 'constructor'],
      ['{"deep":{"a":{"a":{"a":{"a":{}}}}}}', 'deep'],
      ['{"nul":"\\u0000"}', 'nul'],
      ['{"half":"\\ud83d"}', 'half'],
    ] as const) {
      const { status, body } = await server.put(path, `{"claims":${claims}}`, asService)
      assert.deepEqual([status, body.error.details.code, body.error.details.name], [422, 'claim_refused', name], claims)
    }
    const large = await server.put(path, { claims: { a: 'ж'.repeat(509) } }, asService)
    assert.deepEqual([large.status, large.body.error.details.code], [422, 'claims_too_large'])
    assert.equal((await server.put(path, { claims: { a: 'ж'.repeat(508) } }, asService)).status, 200)
    assert.equal((await server.put(path, { claims: {} }, asService)).status, 200)
    for (const body of [{}, { claims: null }, { claims: [] }, { claims: 'x' }, { claims: 1 }]) {
      const answer = await server.put(path, body, asService)
      assert.equal(answer.status, 422, JSON.stringify(body))
      assert.equal(answer.body.error.details.claims.length, 1)
    }
    for (const text of ['{"claims":{"a":1,"a":2}}', '{"claims":{}', '']) {
      assert.equal((await server.put(path, text, asService)).status, 400, text)
    }
  }
  assert.equal(({} as { admin?: boolean }).admin, undefined)
})

test("a session's claims must fit beside the user's, and can always be cleared", async () => {
  const { user, access_token } = await logInNewUser(server)
  const path = ofSession(decodeClaims(access_token)['sid'])
  await server.put(ofUser(user.guid), { claims: { a: 'x'.repeat(600) } }, asService)
  const refused = await server.put(path, { claims: { b: 'y'.repeat(500) } }, asService)
  assert.deepEqual([refused.status, refused.body.error.details.code], [422, 'claims_too_large'])
  assert.equal((await server.put(path, { claims: { a: 'y'.repeat(900) } }, asService)).status, 200, 'in place of a')
  assert.equal((await server.put(path, { claims: {} }, asService)).status, 200)
})
