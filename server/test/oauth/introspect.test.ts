import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { setSessionClaims } from '../../src/auth/claims/set-session-claims.ts'
import { setUserClaims } from '../../src/auth/claims/set-user-claims.ts'
import { startServer } from '../support/server.ts'
import { decodeClaims, issuePair, logInNewUser, logOut, me, refresh, refreshPair } from '../support/users.ts'
import { BEARER, introspect, SERVICE_KEYS } from './ask.ts'

const server = await startServer({ SERVICE_KEYS })
const INACTIVE = '{"active":false}'

test('an access token of a login is active, with what it says and how its user authenticated', async () => {
  const { user, access_token } = await logInNewUser(server)
  const { sid, jti, iat, exp } = decodeClaims(access_token)
  const answer = await introspect(server, access_token)
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'no-store'])
  const [session] = await server.rows<{ auth_time: Date }>(sql`select auth_time from sessions where id = ${sid}`)
  const auth_time = Math.floor(new Date(session?.auth_time ?? 0).getTime() / 1000)
  assert.deepEqual(answer.body, {
    ...{ active: true, sub: user.guid, sid, role: 'user', iat, exp, jti, token_type: 'Bearer' },
    ...{ amr: ['pwd'], auth_time },
  })
})

test('an access token of a pair is active with the address that it was issued to, after a refresh too', async () => {
  const { user } = await logInNewUser(server)
  const pair = await issuePair(server, user.guid)
  const { body } = await introspect(server, pair.access_token)
  assert.deepEqual([body.active, body.sub, body.client_ip, body.amr], [true, user.guid, '127.0.0.1', ['svc']])
  const next = (await refreshPair(server, pair)).body
  assert.equal((await introspect(server, next.access_token)).body.active, true)
})

test('issuer and audience are those of the token', async () => {
  const settings = { SERVICE_KEYS, JWT_ISSUER: 'https://auth.example.com', JWT_AUDIENCE: 'orders,billing' }
  for (const algorithm of ['HS256', 'ES256', 'EdDSA', 'RS256']) {
    const named = await startServer({ ...settings, JWT_ALGORITHM: algorithm })
    const { body } = await introspect(named, (await logInNewUser(named)).access_token)
    assert.deepEqual(
      [body.active, body.iss, body.aud],
      [true, 'https://auth.example.com', ['orders', 'billing']],
      algorithm,
    )
  }
})

test('the role is the role of now', async () => {
  const { user, access_token } = await logInNewUser(server)
  await server.rows(sql`update users set role = ${'admin'} where id = ${user.id} returning id`)
  assert.equal((await introspect(server, access_token)).body.role, 'admin')
})

test('a token is inactive as soon as its session ends, its user is disabled or deleted, or it expires', async () => {
  const ends: ((login: Awaited<ReturnType<typeof logInNewUser>>) => Promise<unknown>)[] = [
    ({ refresh_token }) => logOut(server, refresh_token),
    ({ user }) => server.rows(sql`update users set disabled_at = ${new Date()} where id = ${user.id} returning id`),
    ({ user, access_token }) => server.delete(`/api/v1/users/${user.id}`, { bearer: access_token }),
    async () => server.advanceClock({ seconds: 901 }),
  ]
  for (const end of ends) {
    const login = await logInNewUser(server)
    assert.equal((await introspect(server, login.access_token)).body.active, true)
    await end(login)
    const answer = await introspect(server, login.access_token)
    assert.deepEqual([answer.status, answer.text], [200, INACTIVE], String(end))
  }
})

test('a refresh token is inactive, and asking about it neither moves nor ends anything', async () => {
  const { access_token, refresh_token: first } = await logInNewUser(server)
  const second = (await refresh(server, first)).body.refresh_token
  const third = (await refresh(server, second)).body.refresh_token
  const pair = await issuePair(server)
  const rows = () => server.rows(sql`select * from refresh_tokens order by id`)
  const before = await rows()
  for (const token of [first, second, third, pair.refresh_token])
    assert.equal((await introspect(server, token)).text, INACTIVE)
  assert.deepEqual(await rows(), before)
  assert.equal((await me(server, access_token)).status, 200)
  assert.equal((await refresh(server, third)).status, 200)
  assert.equal((await refreshPair(server, pair)).status, 200)
})

test('a body in JSON asks the same, and a hint in either form means nothing', async () => {
  const { access_token } = await logInNewUser(server)
  const path = '/oauth/introspect'
  for (const hint of ['refresh_token', 'access_token', 'x', ['a', 'b'], null]) {
    const answer = await server.post(path, { token: access_token, token_type_hint: hint }, { headers: BEARER })
    assert.equal(answer.body.active, true, JSON.stringify(hint))
  }
})

test('the claims are those of now, and none takes the place of another member', async () => {
  const { user, access_token } = await logInNewUser(server)
  const { sid } = decodeClaims(access_token)
  const origin = { ip: null, userAgent: 'test' }
  const forged = { active: false, token_type: 'x', client_ip: '192.0.2.1', plan: 'silver', scope: 'read' }
  await setUserClaims(server.ctx, { user, claims: forged, origin })
  await setSessionClaims(server.ctx, { sessionId: String(sid), claims: { plan: 'gold' }, origin })
  const { body } = await introspect(server, access_token)
  assert.deepEqual(
    [body.active, body.token_type, body.plan, body.scope, body.sub],
    [true, 'Bearer', 'gold', 'read', user.guid],
  )
  const pair = await issuePair(server, user.guid)
  assert.equal('plan' in (await introspect(server, pair.access_token)).body, false)
})
