import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import sql from 'sql-template-tag'
import { setSessionClaims } from '../../src/auth/claims/set-session-claims.ts'
import { setUserClaims } from '../../src/auth/claims/set-user-claims.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, me, refresh, refreshPair } from '../support/users.ts'

const SECRET = 'the secret of all verifiers in this file, which is long enough'
const server = await startServer({ JWT_SECRET_KEY: SECRET, JWT_ISSUER: 'https://issuer.example' })
const origin = { ip: null, userAgent: 'test' }

const setClaims = (user: { id: number }, claims: unknown, { ctx }: TestServer = server) =>
  setUserClaims(ctx, { user, claims, origin })

const setForSession = (sid: unknown, claims: unknown, { ctx }: TestServer = server) =>
  setSessionClaims(ctx, { sessionId: String(sid), claims, origin })

test('a login and its refreshes say when and how the user signed in', async () => {
  const server = await startServer()
  const { access_token, refresh_token } = await logInNewUser(server)
  const first = decodeClaims(access_token)
  assert.equal(first['auth_time'], first['iat'])
  assert.deepEqual(first['amr'], ['pwd'])
  server.advanceClock({ seconds: 500 })
  const second = decodeClaims((await refresh(server, refresh_token)).body.access_token)
  assert.equal(Number(second['iat']), Number(first['iat']) + 500)
  assert.equal(second['auth_time'], first['auth_time'])
  assert.deepEqual(second['amr'], ['pwd'])
})

test('a change of claims is in the next token of a login and of a refresh, under the names that it has', async () => {
  const { user, ...login } = await logInNewUser(server)
  assert.equal('plan' in decodeClaims(login.access_token), false)
  await setClaims(user, { plan: 'gold', groups: ['a', 'b'], email: 'x@example.com' })
  const refreshed = (await refresh(server, login.refresh_token)).body
  for (const token of [refreshed.access_token, (await logIn(server, user.email)).access_token]) {
    const { plan, groups, email, sub, role } = decodeClaims(token)
    assert.deepEqual([plan, groups, email, sub, role], ['gold', ['a', 'b'], 'x@example.com', user.guid, 'user'])
    assert.equal((await me(server, token)).status, 200)
  }
  await setClaims(user, {})
  const cleared = (await refresh(server, refreshed.refresh_token)).body
  assert.equal('plan' in decodeClaims(cleared.access_token), false)
})

test("a session's claims count before the user's and are in the tokens of that session only", async () => {
  const { user, ...login } = await logInNewUser(server)
  const { sid } = decodeClaims(login.access_token)
  await setClaims(user, { plan: 'gold', tenant: 1 })
  assert.deepEqual(await setForSession(sid, { tenant: 2 }), { tenant: 2 })
  const { plan, tenant } = decodeClaims((await refresh(server, login.refresh_token)).body.access_token)
  assert.deepEqual([plan, tenant], ['gold', 2])
  assert.equal(decodeClaims((await logIn(server, user.email)).access_token)['tenant'], 1)
})

test('a pair carries no claims, and its session cannot have any', async () => {
  const { user } = await logInNewUser(server)
  await setClaims(user, { plan: 'gold' })
  const names = ['exp', 'gen', 'guid', 'iat', 'ip', 'iss', 'jti', 'role', 'sid', 'sub', 'ver']
  const pair = await issuePair(server, user.guid)
  const payload = decodeClaims(pair.access_token)
  assert.deepEqual(Object.keys(payload).sort(), names)
  assert.equal(await setForSession(payload['sid'], { plan: 'gold' }), null)
  await server.rows(sql`
    update sessions set claims = ${'{"plan":"gold"}'} where id = ${String(payload['sid'])} returning id`)
  const next = (await refreshPair(server, pair)).body
  assert.deepEqual(Object.keys(decodeClaims(next.access_token)).sort(), names)
})

test('edited claims replace no claim of Tessera, and refuse no login and no refresh', async () => {
  const { user, ...login } = await logInNewUser(server)
  const before = decodeClaims(login.access_token)
  const forged = '{"sub":"someone","role":"admin","exp":9999999999,"iss":"x","sid":"x","guid":"x","amr":["hwk"]}'
  await server.rows(sql`update users set claims = ${forged} where id = ${user.id} returning id`)
  const token = (await refresh(server, login.refresh_token)).body.access_token
  const after = decodeClaims(token)
  for (const name of ['sub', 'role', 'iss', 'sid', 'amr']) assert.deepEqual(after[name], before[name], name)
  assert.equal('guid' in after, false)
  assert.equal((await me(server, token)).status, 200)
  assert.ok(server.logs.some(({ level, leftOut }) => level === 50 && leftOut === 'all'))
})

test('claims that became too large together are judged again at issue: the session loses its own', async () => {
  const { user, ...login } = await logInNewUser(server)
  const { sid } = decodeClaims(login.access_token)
  await setForSession(sid, { ofSession: 'x'.repeat(600) })
  await setClaims(user, { ofUser: 'y'.repeat(600) })
  const answer = await refresh(server, login.refresh_token)
  assert.equal(answer.status, 200)
  const claims = decodeClaims(answer.body.access_token)
  assert.equal(claims['ofUser'], 'y'.repeat(600))
  assert.equal('ofSession' in claims, false)
  assert.ok(
    server.logs.some(({ level, sessionId, leftOut }) => level === 50 && sessionId === sid && leftOut === 'session'),
  )
  const larger = setForSession(sid, { ofSession: 'x'.repeat(601) })
  await assert.rejects(larger, (error: { verdict?: { kind: string } }) => error.verdict?.kind === 'too_large')
})

test('of changes at the same moment one stays whole, and together they fit', async () => {
  const { user, access_token } = await logInNewUser(server)
  const { sid } = decodeClaims(access_token)
  const writes = Array.from({ length: 8 }, (_, at) => setClaims(user, { [`a${at}`]: at, [`b${at}`]: at }))
  await Promise.all(writes)
  const [row] = await server.rows<{ claims: string }>(sql`select claims from users where id = ${user.id}`)
  const stored = JSON.parse(row?.claims ?? '') as Record<string, number>
  assert.equal(Object.keys(stored).length, 2)
  assert.equal(new Set(Object.values(stored)).size, 1)
  const half = { large: 'x'.repeat(700) }
  await Promise.allSettled([setForSession(sid, half), setClaims(user, { other: 'y'.repeat(700) })])
  assert.equal((await refresh(server, (await logIn(server, user.email)).refresh_token)).status, 200)
})

test('the largest claims fit into a token of each algorithm, which jose and the server verify', async () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    const settings = { JWT_ALGORITHM: algorithm, JWT_ISSUER: '', PUBLIC_URL: 'https://auth.example.com' }
    const server = await startServer({
      ...settings,
      JWT_AUDIENCE: Array.from({ length: 100 }, (_, at) => String(at % 10)).join(','),
    })
    const { user } = await logInNewUser(server)
    const room = 'ж'.repeat((1024 - '{"plan":""}'.length - 1) / 2)
    await setClaims(user, { plan: `${room}x` }, server)
    const { access_token } = await logIn(server, user.email)
    assert.equal((await me(server, access_token)).status, 200, `${access_token.length} characters`)
    const keys = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(access_token, keys)
    assert.equal(payload['plan'], `${room}x`)
    assert.equal(payload.sub, user.guid)
  }
})

test('a token from before claims, without auth_time and amr, is accepted until it expires', async () => {
  const { access_token } = await logInNewUser(server)
  const [header] = access_token.split('.')
  const { auth_time: _, amr: __, ...earlier } = decodeClaims(access_token)
  const input = `${header}.${Buffer.from(JSON.stringify(earlier)).toString('base64url')}`
  const token = `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
  assert.equal((await me(server, token)).status, 200)
})

test('the audit names changed claims and holds no value, and a change to the same claims is none', async () => {
  const { user, access_token } = await logInNewUser(server)
  const { sid } = decodeClaims(access_token)
  assert.equal((await setClaims(user, { plan: 'a-secret-value', tenant: 1 })).changed, true)
  assert.equal((await setClaims(user, { plan: 'a-secret-value', tenant: 1 })).changed, false)
  await setForSession(sid, { stage: 'another-secret' })
  const events = await server.rows<{ session_id: string | null; details: string }>(sql`
    select session_id, details from audit_events where user_id = ${user.id} and kind = 'claims_changed' order by id`)
  const described = events.map(({ session_id, details }) => [session_id, JSON.parse(details)])
  assert.deepEqual(described, [
    [null, { names: 'plan tenant' }],
    [sid, { names: 'stage' }],
  ])
})
