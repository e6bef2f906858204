import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me, PASSWORD, refresh, signUp } from '../support/users.ts'

const server = await startServer()

async function ask(target: TestServer, form: string | URLSearchParams, headers: Record<string, string> = {}) {
  const answer = await fetch(`${target.url}/oauth/token`, {
    method: 'POST',
    body: form.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

const grant = (refreshToken: string, more: Record<string, string> = {}) =>
  new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more })

test('a refresh in form encoding gets the tokens in the shape of RFC 6749', async () => {
  const { refresh_token } = await logInNewUser(server)
  const { status, headers, body } = await ask(server, grant(refresh_token))
  assert.deepEqual([status, headers.get('cache-control'), headers.get('pragma')], [200, 'no-store', 'no-cache'])
  const { access_token, refresh_token: successor, ...rest } = body
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 900 })
  assert.equal((await me(server, String(access_token))).status, 200)
  assert.equal((await refresh(server, String(successor))).status, 200)
})

test('client credentials in body or header mean nothing, and a repeat with its Idempotency-Key gets the same successor', async () => {
  const { refresh_token } = await logInNewUser(server)
  const headers = { authorization: 'Basic Y2xpZW50OnNlY3JldA==', 'idempotency-key': 'a-key-for-this-one-attempt' }
  const form = grant(refresh_token, { client_id: 'app', client_secret: 'x', scope: 'openid' })
  const first = await ask(server, form, headers)
  server.advanceClock({ seconds: 600 })
  const again = await ask(server, form, headers)
  assert.deepEqual([first.status, again.status], [200, 200])
  assert.equal(again.body['refresh_token'], first.body['refresh_token'])
})

test('reuse ends the session here as everywhere', async () => {
  const { email } = await signUp(server)
  const { refresh_token } = await logIn(server, email)
  const second = String((await ask(server, grant(refresh_token))).body['refresh_token'])
  const third = String((await ask(server, grant(second))).body['refresh_token'])
  server.advanceClock({ seconds: 31 })
  const reused = await ask(server, grant(second))
  assert.deepEqual(reused.body, { error: 'invalid_grant', error_description: 'Invalid refresh token' })
  assert.equal((await refresh(server, third)).status, 401)
})

test('refusals have the codes and the shape of RFC 6749', async () => {
  const { refresh_token } = await logInNewUser(server)
  const cases: [string | URLSearchParams, number, string][] = [
    ['', 400, 'invalid_request'],
    ['refresh_token=x', 400, 'invalid_request'],
    ['grant_type=password&username=a&password=b', 400, 'unsupported_grant_type'],
    ['grant_type=refresh_token', 400, 'invalid_request'],
    [`grant_type=refresh_token&grant_type=refresh_token&refresh_token=${refresh_token}`, 400, 'invalid_request'],
    [`grant_type=refresh_token&refresh_token=x&refresh_token=${refresh_token}`, 400, 'invalid_request'],
    [grant('x'), 400, 'invalid_grant'],
    [`grant_type=refresh_token&refresh_token[]=${refresh_token}`, 400, 'invalid_request'],
    [`grant_type=refresh_token&refresh_token=${'x'.repeat(20_000)}`, 413, 'invalid_request'],
  ]
  for (const [form, status, error] of cases) {
    const answer = await ask(server, form)
    assert.deepEqual([answer.status, answer.body['error']], [status, error], String(form).slice(0, 80))
    assert.deepEqual(Object.keys(answer.body), ['error', 'error_description'])
  }
  const json = await ask(server, JSON.stringify({ grant_type: 'refresh_token', refresh_token }), {
    'content-type': 'application/json',
  })
  assert.deepEqual(
    [json.status, json.body],
    [415, { error: 'invalid_request', error_description: 'The body must be application/x-www-form-urlencoded' }],
  )
  const nothing = await send(`${server.url}/oauth/token`, { method: 'POST' }, {})
  assert.deepEqual([nothing.status, nothing.body.error], [400, 'invalid_request'])
  const unknown = await server.get('/oauth/nothing')
  assert.deepEqual([unknown.status, unknown.body], [404, { error: 'invalid_request', error_description: 'Not found' }])
  assert.equal((await server.get('/oauth/token')).status, 405)
  assert.equal((await refresh(server, refresh_token)).status, 200, 'no refusal used the token up')
})

test('a token that is kept in a cookie does not refresh here, and its session lives', async () => {
  const { email } = await signUp(server)
  const login = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
  const [cookie = ''] = (login.headers.getSetCookie().find((each) => each.includes('_refresh=')) ?? '').split(';')
  const token = cookie.split('=')[1] ?? ''
  assert.deepEqual((await ask(server, grant(token))).body['error'], 'invalid_grant')
  assert.equal((await ask(server, 'grant_type=refresh_token', { cookie })).body['error'], 'invalid_request')
  assert.equal((await server.post('/api/v1/auth/refresh', {}, { headers: { cookie } })).status, 200)
})

test('beyond its limit the endpoint says slow_down', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' })
  const { refresh_token } = await logInNewUser(limited)
  let last = await ask(limited, grant(refresh_token))
  for (let n = 0; n < 600; n++) last = await ask(limited, grant(refresh_token))
  assert.deepEqual([last.status, last.body['error']], [429, 'slow_down'])
  assert.ok(last.headers.get('retry-after'))
})
