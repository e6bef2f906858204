import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { routes } from '../../src/http/routes.ts'
import { capSockets } from '../../src/http/server/socket-cap.ts'
import { parseIpRanges } from '../../src/text/ip-address.ts'
import { type Answer, send, startServer } from '../support/server.ts'
import { logInNewUser, refresh } from '../support/users.ts'

const server = await startServer({ EMAIL_LOGIN: 'on' })
const { access_token: bearer } = await logInNewUser(server)
const JSON_TYPE = { 'content-type': 'application/json' }
const POSTS = routes
  .filter(({ method, endpoint }) => method === 'POST' && endpoint.body && endpoint.bodyType === undefined)
  .map((route) => route.path)

function post(path: string, body: string | Buffer | undefined, headers: Record<string, string> = JSON_TYPE) {
  return send(server.url + path, { method: 'POST', ...(body !== undefined && { body }) }, { bearer, headers })
}

/** Asserts the status and the error shape of the contract that owns the path. */
function assertError(answer: Answer, status: number, path: string) {
  assert.equal(answer.status, status, `${path}: ${answer.text}`)
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  if (path.startsWith('/oauth/')) {
    assert.deepEqual(Object.keys(answer.body), ['error', 'error_description'])
  } else if (path.startsWith('/auth/')) {
    assert.deepEqual(Object.keys(answer.body), ['error'])
    assert.equal(typeof answer.body.error, 'string')
  } else if (status === 422 && path.endsWith('sign_up')) {
    assert.deepEqual(Object.keys(answer.body), ['message', 'errors'])
  } else {
    assert.deepEqual(Object.keys(answer.body), ['error'])
    assert.deepEqual(Object.keys(answer.body.error), ['message', 'details'])
    assert.equal(typeof answer.body.error.message, 'string')
  }
}

async function countRows(): Promise<unknown> {
  return server.rows(sql`select (select count(*) from users) as users, (select count(*) from sessions) as sessions,
    (select count(*) from refresh_tokens) as tokens, (select count(*) from outbox) as mails`)
}

for (const path of POSTS) {
  test(`${path} refuses unreadable requests in the error shape of its contract and writes nothing`, async () => {
    const before = await countRows()
    for (const body of [
      '',
      '{',
      '{"a":1,}',
      'nonsense',
      '{"__proto__":{"a":1}}',
      '{"a":{"constructor":{"prototype":1}}}',
      '{"a":1,"a":1}',
      '{"b":{"a":1,"\\u0061":2}}',
      '{"\\u0061":1}',
      '{"\\u0438":1,"\u0438":2}',
      '[{"a":"\\"","b":"\\\\","a":":"}]',
      `${'['.repeat(8000)}${']'.repeat(8000)}`,
      `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`,
    ]) {
      assertError(await post(path, body), 400, path)
    }
    assertError(await post(path, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 400, path)
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'x',
    ]) {
      assertError(await post(path, '{}', { 'content-type': type }), 415, path)
    }
    assertError(await post(path, JSON.stringify({ a: 'x'.repeat(16_384) })), 413, path)
    for (const body of [
      'null',
      '[]',
      '"text"',
      '5',
      'true',
      '{}',
      '{"\\u0438\\u043c\\u044f":"\\u0061"}',
      '{"a":{"a":[{"a":"a:\\",{["}]}}',
      `${'['.repeat(16)}${']'.repeat(16)}`,
    ]) {
      assertError(await post(path, body), 422, path)
    }
    assertError(await post(path, undefined, {}), 422, path)
    assert.deepEqual(await countRows(), before)
  })
}

test('a missing or non-string field is named in a 422, and a wrong string is a 401', async () => {
  const cases: [string, unknown, object][] = [
    ['/api/v1/auth/login', {}, { email: ["can't be blank"], password: ["can't be blank"] }],
    ['/api/v1/auth/login', { email: 'a' }, { password: ["can't be blank"] }],
    [
      '/api/v1/auth/login',
      { email: null, password: {} },
      { email: ["can't be blank"], password: ['must be a string'] },
    ],
    [
      '/api/v1/auth/login',
      { email: ['a'], password: 5 },
      { email: ['must be a string'], password: ['must be a string'] },
    ],
    ['/api/v1/auth/refresh', { refresh_token: false }, { refresh_token: ['must be a string'] }],
    ['/api/v1/auth/logout', {}, { refresh_token: ["can't be blank"] }],
  ]
  for (const [path, body, details] of cases) {
    const answer = await server.post(path, body)
    assertError(answer, 422, path)
    assert.deepEqual(answer.body.error.details, details)
  }
  for (const refresh_token of ['', ' ', '\0', '\ud800', 'ü'.repeat(86), 'A'.repeat(86), 'A'.repeat(10_000)]) {
    assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token })).status, 401)
    assert.equal((await server.post('/api/v1/auth/logout', { refresh_token })).status, 401)
  }
})

test('unknown and malformed paths get the error shape of the contract that owns their prefix', async () => {
  for (const path of [
    '/nope',
    '/api',
    '/api/v1/auth/nope',
    '/auth/nope',
    '/auth/',
    '/api/v1/auth//login',
    '/API/v1/auth/me',
  ]) {
    assertError(await server.get(path), 404, path)
  }
  for (const path of ['/%', '/auth/%zz']) assertError(await server.get(path), 400, path)
  const encoded = await server.post('/%61uth/token', {})
  assert.deepEqual([encoded.status, encoded.body], [422, { error: 'Missing GUID' }])
  assertError(await server.get(`/${'x'.repeat(5000)}`), 404, '/')
})

test('an unsupported method is 405, and Allow lists the supported ones', async () => {
  const allowed = new Map<string, string[]>()
  // The path of metrics does not exist for callers without a key.
  for (const { path, method } of routes.filter((route) => route.path !== '/metrics'))
    allowed.set(path, [...(allowed.get(path) ?? []), method])
  for (const [path, methods] of allowed) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      if (methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))) continue
      const answer = await send(server.url + path, { method })
      assert.equal(answer.status, 405, `${method} ${path}`)
      const expected = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])]
      assert.equal(answer.headers.get('allow'), expected.join(', '))
      if (method !== 'HEAD') assertError(answer, 405, path)
    }
  }
})

test('input that is not HTTP is answered with an error and closed, and the server continues', async () => {
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nBad Header: x\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
  ]) {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes))
      let received = ''
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.on('close', () => resolve(received))
      socket.on('error', reject)
    })
    assert.match(text, /^HTTP\/1\.1 4\d\d .*\{"error":\{"message":"[^"]+","details":\{\}\}\}$/s)
  }
  assert.equal((await server.get('/health')).status, 200)
})

test('every answer has no-store, nosniff and a request id, and no server banner', async () => {
  for (const answer of [await server.get('/health'), await server.get('/nope'), await server.post('/auth/token', {})]) {
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.equal(answer.headers.get('server'), null)
    assert.equal(answer.headers.get('x-powered-by'), null)
  }
})

test('the log has one line per request with its id and path, and never a secret, a token or a query', async () => {
  const server = await startServer({ JWT_SECRET_KEY: 'CANARY-secret-in-the-settings', LOG_LEVEL: 'trace' })
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const rotated = (await refresh(server, refresh_token, 'CANARY-idempotency-key')).body
  const headers = { authorization: 'Bearer CANARY.header', cookie: 'CANARY=cookie', 'x-canary': 'CANARY' }
  await server.get('/api/v1/auth/me?token=CANARY', { headers })
  await server.get('/%zz?secret=CANARY')
  await server.delete('/api/v1/users/%ff?secret=CANARY', { bearer: access_token })
  await server.post('/api/v1/auth/login', { email: user.email, password: 'CANARY-password' })
  await server.post('/api/v1/auth/login', '{"password":"CANARY')
  await server.post('/api/v1/users/sign_up', { user: { email: 'CANARY', password: 'CANARY' } })
  await refresh(server, rotated.refresh_token)
  await server.get('/api/v1/auth/me', { bearer: rotated.access_token })
  await refresh(server, refresh_token)
  const text = JSON.stringify(server.logs)
  assert.doesNotMatch(text, /CANARY/)
  for (const token of [access_token, refresh_token, rotated.access_token, rotated.refresh_token]) {
    assert.ok(!text.includes(token.slice(0, 30)), 'a token in the log')
    assert.ok(!text.includes(token.slice(-20)), 'a token in the log')
  }
  const line = server.logs.find((entry) => entry['path'] === '/api/v1/auth/me')
  assert.equal(line?.['status'], 401)
  assert.match(String(line?.['requestId']), /^[0-9a-f-]{36}$/)
  const known = server.logs.find((entry) => entry['path'] === '/api/v1/auth/me' && entry['user'] !== undefined)
  assert.deepEqual([known?.['user'], typeof known?.['sid']], [user.id, 'string'])
  const reuse = server.logs.find((entry) => String(entry['msg']).includes('presented again'))
  assert.match(String(reuse?.['requestId']), /^[0-9a-f-]{36}$/)
})

test('a database dump contains no part of a refresh token except its selector', async () => {
  const server = await startServer()
  const { refresh_token } = await logInNewUser(server)
  const rotated = (await refresh(server, refresh_token)).body.refresh_token
  await refresh(server, rotated)
  const tables = [
    sql`select * from users`,
    sql`select * from sessions`,
    sql`select * from refresh_tokens`,
    sql`select * from outbox`,
    sql`select * from audit_events`,
  ]
  const dump = JSON.stringify(await Promise.all(tables.map((table) => server.rows(table))))
  for (const token of [refresh_token, rotated]) {
    const bytes = Buffer.from(token, 'base64url')
    for (let start = 20; start + 8 <= 64; start++) {
      const part = bytes.subarray(start, start + 8)
      const base64 = part.toString('base64').slice(0, 10)
      for (const needle of [part.toString('hex'), base64, base64.replaceAll('+', '-').replaceAll('/', '_')]) {
        assert.ok(!dump.includes(needle), `bytes ${start} to ${start + 8}`)
      }
    }
    assert.ok(
      dump.includes(bytes.subarray(0, 20).toString('base64url')) || token === refresh_token,
      'the selector is there',
    )
  }
})

test('a request with more than a hundred headers is 431', async () => {
  const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-header-${n}`, 'x']))
  assert.equal((await server.get('/health', { headers: headers(80) })).status, 200)
  const refused = await server.get('/health', { headers: headers(101) })
  assertError(refused, 431, '/health')
})

test('an address has a limited number of connections, and closed ones make room', async () => {
  const net = createServer()
  const accepted: Socket[] = []
  capSockets(net, parseIpRanges(['127.0.0.2']), { info() {}, warn() {}, error() {} }, 2)
  net.on('connection', (socket) => {
    socket.on('error', () => {})
    if (socket.destroyed) return
    accepted.push(socket)
    socket.write('hello')
  })
  net.listen(0, '127.0.0.1')
  await once(net, 'listening')
  after(() => {
    for (const socket of accepted) socket.destroy()
    net.close()
  })
  const greeting = async (localAddress: string) => {
    const socket = connect({ port: (net.address() as AddressInfo).port, host: '127.0.0.1', localAddress })
    socket.on('error', () => {})
    const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => ['rejected'])])
    return String(first)
  }
  const from = '127.0.0.1'
  assert.deepEqual([await greeting(from), await greeting(from), await greeting(from)], ['hello', 'hello', 'rejected'])
  assert.equal(await greeting('127.0.0.3'), 'hello', 'another address')
  for (let proxied = 0; proxied < 4; proxied++) assert.equal(await greeting('127.0.0.2'), 'hello', 'a trusted proxy')
  accepted[0]?.destroy()
  await once(accepted[0] as Socket, 'close')
  assert.deepEqual([await greeting(from), await greeting(from)], ['hello', 'rejected'])
})
