import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { send, startServer } from '../support/server.ts'
import { issuePair, logInNewUser, logOut, me, PASSWORD, refresh, refreshPair } from '../support/users.ts'
import { introspect, postForm, revoke, SERVICE_KEYS } from './ask.ts'

const server = await startServer({ SERVICE_KEYS, CORS_ORIGINS: 'https://app.example.com' })

async function revokeQuietly(token: string) {
  const answer = await revoke(server, token)
  assert.deepEqual([answer.status, answer.text, answer.headers.get('content-length')], [200, '', '0'])
  assert.equal(answer.headers.get('cache-control'), 'no-store')
}

async function logouts(userId: number): Promise<number> {
  return (await server.rows(sql`select id from audit_events where user_id = ${userId} and kind = ${'logout'}`)).length
}

test('any authentic refresh token ends its session, as a logout does: unused, used, pruned, expired, of a pair', async () => {
  const { access_token, refresh_token: first } = await logInNewUser(server)
  const second = (await refresh(server, first)).body.refresh_token
  await refresh(server, second)
  await revokeQuietly(first)
  assert.equal((await me(server, access_token)).status, 401)
  assert.equal((await introspect(server, access_token)).body.active, false)

  const pair = await issuePair(server)
  const next = (await refreshPair(server, pair)).body
  await revokeQuietly(pair.refresh_token)
  assert.equal((await refreshPair(server, next)).status, 401)

  const old = await logInNewUser(server)
  server.advanceClock({ seconds: 604_801 })
  await revokeQuietly(old.refresh_token)
  assert.equal(await logouts(old.user.id), 1)
})

test('a refresh token that a browser keeps in a cookie ends its session too', async () => {
  const { user } = await logInNewUser(server)
  const body = { email: user.email, password: PASSWORD, cookie: true }
  const login = await server.post('/api/v1/auth/login', body)
  const [cookie = ''] = (login.headers.getSetCookie().find((each) => each.includes('_refresh=')) ?? '').split(';')
  await revokeQuietly(cookie.split('=')[1] ?? '')
  assert.equal((await me(server, login.body.access_token)).status, 401)
})

test('an access token ends its session while it lives, of a login as of a pair', async () => {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const other = await logInNewUser(server)
  const pair = await issuePair(server, user.guid)
  await revokeQuietly(access_token)
  assert.equal((await refresh(server, refresh_token)).status, 401)
  assert.equal((await me(server, pair.access_token)).status, 200, 'another session of the user')
  assert.equal((await me(server, other.access_token)).status, 200, 'a session of another user')
  await revokeQuietly(pair.access_token)
  assert.equal((await refreshPair(server, pair)).status, 401)
  assert.equal(await logouts(user.id), 2)
})

test('an access token that has expired ends nothing', async () => {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const pair = await issuePair(server, user.guid)
  server.advanceClock({ seconds: 901 })
  for (const token of [access_token, pair.access_token]) await revokeQuietly(token)
  assert.equal(await logouts(user.id), 0)
  assert.equal((await refresh(server, refresh_token)).status, 200)
  assert.equal((await refreshPair(server, pair)).status, 200)
})

test('a token that is unknown, altered or of an ended session is 200 and ends nothing', async () => {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const altered = (token: string) => token.slice(0, 60) + (token[60] === 'A' ? 'B' : 'A') + token.slice(61)
  for (const token of [
    'x',
    ' ',
    '\0',
    altered(access_token),
    altered(refresh_token),
    'x'.repeat(86),
    `${refresh_token}=`,
  ])
    await revokeQuietly(token)
  assert.equal((await me(server, access_token)).status, 200)
  assert.equal((await server.post('/oauth/revoke', { token: '' })).status, 200, 'a string, as good as any other')
  await logOut(server, refresh_token)
  for (const token of [access_token, refresh_token]) await revokeQuietly(token)
  assert.equal(await logouts(user.id), 1)
})

test('fifty revocations at once are all 200 and leave one audit event', async () => {
  for (const kind of ['refresh_token', 'access_token'] as const) {
    const login = await logInNewUser(server)
    const pair = await issuePair(server, login.user.guid)
    for (const [tokens, expected] of [
      [login, 1],
      [pair, 2],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => revoke(server, tokens[kind])))
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
      assert.equal(await logouts(login.user.id), expected, kind)
    }
  }
})

test('a revocation of either kind that races refreshes leaves no token that works', async () => {
  for (let round = 0; round < 20; round++) {
    const login = await logInNewUser(server)
    const token = round % 2 ? login.access_token : login.refresh_token
    const racing = [revoke(server, token), ...Array.from({ length: 4 }, () => refresh(server, login.refresh_token))]
    const [revoked, ...refreshed] = await Promise.all(racing)
    assert.equal(revoked?.status, 200)
    for (const { status, body } of refreshed) {
      if (status !== 200) continue
      assert.equal((await me(server, body.access_token)).status, 401)
      assert.equal((await refresh(server, body.refresh_token)).status, 401)
    }
  }
})

test('no client is needed: credentials in the body or a header mean nothing, and a page of a listed origin may call', async () => {
  const { access_token, refresh_token } = await logInNewUser(server)
  const form = { token: refresh_token, client_id: 'app', client_secret: 'x' }
  const headers = { authorization: 'Basic Y2xpZW50OnNlY3JldA==', origin: 'https://app.example.com' }
  const answer = await postForm(server, '/oauth/revoke', form, headers)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example.com')
  assert.equal((await me(server, access_token)).status, 401)
  const preflight = {
    origin: 'https://app.example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  const asked = await send(`${server.url}/oauth/revoke`, { method: 'OPTIONS' }, { headers: preflight })
  assert.deepEqual([asked.status, asked.headers.get('access-control-allow-origin')], [204, 'https://app.example.com'])
})
