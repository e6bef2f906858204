import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { ADMIN, issuePair, JOHN, logIn, PASSWORD, signUp } from '../support/users.ts'

const PRODUCTION = {
  NODE_ENV: 'production',
  TRUSTED_PROXIES: '127.0.0.1',
  JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  SERVICE_KEYS: '3f9d2c71b8a64e05c1d7f2a90b6e48d35a7c',
}
const HTTPS = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' }

test('demo users of a development database never sign in to production, and its start names them', async () => {
  const development = await startServer({ JWT_SECRET_KEY: PRODUCTION.JWT_SECRET_KEY })
  assert.equal((await development.post('/api/v1/auth/login', ADMIN)).status, 200)
  await development.close()

  const production = await startServer({ ...PRODUCTION, DATABASE_URL: development.databaseUrl })
  const login = await production.post('/api/v1/auth/login', ADMIN, { headers: HTTPS })
  assert.equal(login.status, 401)
  const bearer = PRODUCTION.SERVICE_KEYS
  const pair = await production.post('/auth/token', { auth: { user_guid: JOHN } }, { headers: HTTPS, bearer })
  assert.equal(pair.status, 404, pair.text)
  const warning = production.logs.find((line) => String(line['msg']).startsWith('demo users of a development server'))
  assert.deepEqual(warning?.['commands'], [
    'tessera users delete admin@example.com',
    'tessera users delete john.doe@email.com',
  ])
})

test('a user with the GUID and address of a demo user signs in to production if the seed did not create it', async () => {
  const server = await startServer(PRODUCTION)
  const body = { user: { email: ADMIN.email, password: PASSWORD } }
  assert.equal((await server.post('/api/v1/users/sign_up', body, { headers: HTTPS })).status, 200)
  await server.rows(sql`update users set guid = ${JOHN} where email = ${ADMIN.email} returning id`)
  const login = { email: ADMIN.email, password: PASSWORD }
  assert.equal((await server.post('/api/v1/auth/login', login, { headers: HTTPS })).status, 200)
  const bearer = PRODUCTION.SERVICE_KEYS
  const pair = await server.post('/auth/token', { auth: { user_guid: JOHN } }, { headers: HTTPS, bearer })
  assert.equal(pair.status, 200, pair.text)
  assert.ok(!server.logs.some((line) => String(line['msg']).startsWith('demo users')))
})

test('a foreign Host and an unknown proxy get nothing that a demonstration gives away', async () => {
  const server = await startServer()
  const user = await signUp(server)
  const outsiders: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: 'localhost.evil.example:3000' },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { 'x-real-ip': '127.0.0.1' },
  ]
  for (const headers of outsiders) {
    const name = JSON.stringify(headers)
    assert.equal(await statusOf(server, '/dev/mail', headers), 404, name)
    assert.equal(await statusOf(server, '/auth/token', headers, { auth: { user_guid: JOHN } }), 401, name)
    assert.equal(await statusOf(server, '/api/v1/auth/login', headers, ADMIN), 401, name)
  }
  const login = { email: user.email, password: PASSWORD }
  const status = await statusOf(server, '/api/v1/auth/login', { host: 'evil.example' }, login)
  assert.equal(status, 200, 'a user who is not a demo user signs in from anywhere')
  for (const host of ['localhost', 'app.localhost:8080', '127.0.0.1', '[::1]:3000']) {
    assert.equal(await statusOf(server, '/dev/mail', { host }), 200, host)
  }
  await issuePair(server)
  await logIn(server, ADMIN.email, ADMIN.password)
})

/** Sends a request with any `Host`, which `fetch` does not. */
function statusOf(server: TestServer, path: string, headers: Record<string, string>, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const method = body ? 'POST' : 'GET'
    const outgoing = request(server.url + path, { method, headers: { 'content-type': 'application/json', ...headers } })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => resolve(response.resume().statusCode))
    outgoing.end(body ? JSON.stringify(body) : undefined)
  })
}

test('the log and the audit of development tell why a demo user is refused; the answer does not', async () => {
  const server = await startServer({ DEMO_FROM: '192.0.2.1' })
  const refused = await server.post('/api/v1/auth/login', ADMIN)
  assert.deepEqual([refused.status, refused.body.error.message], [401, 'Invalid email or password'])
  await server.post('/auth/token', { auth: { user_guid: JOHN } })
  await server.get('/dev/mail')
  const reasons = server.logs.filter(({ reason }) => reason === 'the address 127.0.0.1 is not in DEMO_FROM')
  assert.deepEqual(
    reasons.map(({ msg }) => msg),
    [
      'a demo user may not sign in',
      'pairs without a service key are for development only',
      'the mailbox is for development only',
    ],
  )
  const events = await server.rows<{ details: string }>(
    sql`select details from audit_events where kind = 'login_failed'`,
  )
  assert.match(events[0]?.details ?? '', /"demo"/)
})
