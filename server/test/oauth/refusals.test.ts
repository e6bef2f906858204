import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDatabaseProxy } from '../../../harness/database-proxy.ts'
import { send, startServer } from '../support/server.ts'
import { emptyDatabaseUrl, onPostgres } from '../support/test-database.ts'
import { logInNewUser, me } from '../support/users.ts'
import { BEARER, basic, introspect, KEYS, postForm, revoke, SERVICE_KEYS } from './ask.ts'

const server = await startServer({ SERVICE_KEYS })
const { access_token: token } = await logInNewUser(server)
const PATHS = ['/oauth/introspect', '/oauth/revoke']

test('introspection takes a service key as bearer, or as the password of any user name, encoded as a form or not', async () => {
  const accepted = [
    BEARER,
    { authorization: `bearer  ${KEYS.introspect}` },
    basic(`orders:${KEYS.introspect}`),
    basic(`:${KEYS.introspect}`),
    basic(`any%20name:${encodeURIComponent(KEYS.introspect)}`),
    { authorization: basic(`x:${KEYS.introspect}`).authorization.replace('Basic', 'basic ') },
  ]
  for (const headers of accepted) {
    const answer = await introspect(server, token, headers)
    assert.deepEqual([answer.status, answer.body.active], [200, true], headers.authorization)
  }
})

test('without a service key introspection is 401 invalid_client, with a challenge of the scheme that was tried', async () => {
  const key = KEYS.introspect
  const asBasic = 'Basic realm="tessera"'
  const refused: [Record<string, string>, string][] = [
    [{}, 'Bearer'],
    [{ authorization: '' }, 'Bearer'],
    [{ authorization: 'Bearer' }, 'Bearer'],
    [{ authorization: `Bearer ${key}x` }, 'Bearer'],
    [{ authorization: `Bearer ${token}` }, 'Bearer'],
    [{ authorization: key }, 'Bearer'],
    [{ authorization: `Digest ${key}` }, 'Bearer'],
    [{ authorization: `Bearer ${key}, Basic x` }, 'Bearer'],
    [{ authorization: 'Basic' }, asBasic],
    [{ authorization: 'Basic ' }, asBasic],
    [{ authorization: 'Basic !!!!' }, asBasic],
    [{ authorization: `Basic ${key}` }, asBasic],
    [basic(key), asBasic],
    [basic(`${key}:x`), asBasic],
    [basic(`x:${key}:x`), asBasic],
    [basic('x:%zz'), asBasic],
    [basic('x:'), asBasic],
    [{ authorization: `Basic ${Buffer.from([0x78, 0x3a, 0xff, 0xfe]).toString('base64')}` }, asBasic],
    [{ authorization: `Basic ${'QUJD'.repeat(1000)}` }, asBasic],
  ]
  for (const [headers, challenge] of refused) {
    const answer = await introspect(server, token, headers)
    assert.deepEqual(
      [answer.status, answer.text, answer.headers.get('www-authenticate'), answer.headers.get('cache-control')],
      [401, '{"error":"invalid_client","error_description":"Missing or invalid service key"}', challenge, 'no-store'],
      headers['authorization'],
    )
  }
  for (const path of PATHS) assert.equal((await server.get(`${path}?token=${token}`)).status, 405)
})

test('a service key without the scope is 403 insufficient_scope, whatever it asks and however it is sent', async () => {
  for (const headers of [{ authorization: `Bearer ${KEYS.pairs}` }, basic(`billing:${KEYS.pairs}`)]) {
    for (const asked of [token, 'x']) {
      const { status, body } = await introspect(server, asked, headers)
      assert.deepEqual(
        [status, body],
        [403, { error: 'insufficient_scope', error_description: 'The service key lacks the scope introspect' }],
      )
    }
  }
})

test('a request without exactly one token is 400 invalid_request, and ends nothing', async () => {
  const forms = [
    '',
    'token',
    'token=',
    `token=${token}&token=${token}`,
    `token=${token}&token=`,
    `token=x&token=${token}`,
    `token[]=${token}`,
    `token%5B%5D=${token}`,
    `Token=${token}`,
    `access_token=${token}`,
    `__proto__=${token}`,
    `token=${token}&a=1&a=2`,
    `constructor=x&toString=y`,
  ]
  const bodies = [
    {},
    [],
    [token],
    '"x"',
    'null',
    '1',
    '{',
    { token: [token] },
    { token: { token } },
    { token: null },
    { token: 7 },
    { token: true },
    `{"token":"x","token":"${token}"}`,
    `{"__proto__":{"token":"${token}"}}`,
    `{"constructor":{"prototype":{"token":"${token}"}}}`,
  ]
  for (const path of PATHS) {
    const answers = [
      ...forms.map((form) => ({ sent: form, asked: postForm(server, path, form, BEARER) })),
      ...bodies.map((body) => ({ sent: body, asked: server.post(path, body, { headers: BEARER }) })),
      { sent: 'nothing', asked: send(server.url + path, { method: 'POST' }, { headers: BEARER }) },
    ]
    for (const { sent, asked } of answers) {
      const answer = await asked
      const why = `${path} ${JSON.stringify(sent)}`
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], `${why} ${answer.text}`)
      assert.deepEqual(Object.keys(answer.body), ['error', 'error_description'], why)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
    }
  }
  assert.equal((await me(server, token)).status, 200)
})

test('a doubled token_type_hint is ignored as the hint is', async () => {
  const form = `token_type_hint=access_token&token_type_hint=refresh_token&token_type_hint=&token=${token}`
  assert.equal((await postForm(server, '/oauth/introspect', form, BEARER)).body.active, true)
  const other = await logInNewUser(server)
  const ended = await postForm(server, '/oauth/revoke', form.replace(token, other.access_token))
  assert.equal(ended.status, 200)
  assert.equal((await me(server, other.access_token)).status, 401)
})

test('bodies of other types and sizes are refused in the shape of RFC 6749', async () => {
  const asText = { ...BEARER, 'content-type': 'text/plain' }
  for (const path of PATHS) {
    const refused: [Awaited<ReturnType<typeof send>>, number][] = [
      [await postForm(server, path, { token }, asText), 415],
      [await postForm(server, path, { token: 'x'.repeat(100_000) }, BEARER), 413],
      [await server.post(path, { token: 'x'.repeat(100_000) }, { headers: BEARER }), 413],
      [await server.get(path), 405],
      [await server.get(`${path}/x`), 404],
    ]
    for (const [answer, status] of refused) {
      assert.equal(answer.status, status)
      assert.deepEqual(Object.keys(answer.body), ['error', 'error_description'])
      assert.equal(answer.headers.get('cache-control'), 'no-store')
    }
  }
})

test('beyond their limits the endpoints say slow_down; the garbage of one client stops no genuine refresh token', async () => {
  const limited = await startServer({ SERVICE_KEYS, RATE_LIMIT: 'on' })
  const { refresh_token } = await logInNewUser(limited)
  const wrong = { authorization: 'Bearer wrong' }
  for (const [ask, most] of [
    [() => introspect(limited, 'x', wrong), 6000],
    [() => revoke(limited, 'x'), 6000],
  ] as const) {
    for (let sent = 0; sent < most; sent += 100) await Promise.all(Array.from({ length: 100 }, ask))
    const answer = await ask()
    assert.deepEqual([answer.status, answer.body.error], [429, 'slow_down'])
    assert.ok(answer.headers.get('retry-after'))
  }
  assert.equal((await introspect(limited, refresh_token)).status, 200)
  assert.equal((await revoke(limited, refresh_token)).status, 200)
})

test('while the database is away both are 503 temporarily_unavailable, so that clients ask again', {
  skip: !onPostgres && 'of PostgreSQL',
}, async () => {
  const proxy = await startDatabaseProxy(await emptyDatabaseUrl())
  const behind = await startServer({ SERVICE_KEYS, DATABASE_URL: proxy.url })
  const { access_token, refresh_token } = await logInNewUser(behind)
  await proxy.close()
  for (const ask of [
    () => introspect(behind, access_token),
    () => revoke(behind, access_token),
    () => revoke(behind, refresh_token),
  ]) {
    const { status, body, headers } = await ask()
    assert.deepEqual([status, body.error], [503, 'temporarily_unavailable'])
    assert.deepEqual([headers.get('cache-control'), headers.get('retry-after')], ['no-store', '1'])
  }
})
