import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { OpenAPIClientAxios } from 'openapi-client-axios'
import { routes } from '../../src/http/routes.ts'
import { apiDescription, operationPointer, schemaPointer } from '../support/requests/api-description.ts'
import { send, startServer, type TestServer } from '../support/server.ts'
import { ADMIN, issuePair, JOHN, logInNewUser, PASSWORD, signUp } from '../support/users.ts'

const server = await startServer()
const { document: description, operations, validationErrors, assertDescribed } = await apiDescription(server)

test('the description is valid OpenAPI 3.1, and each example matches its schema', async () => {
  const result = await new Validator().validate(structuredClone(description))
  assert.deepEqual(result, { valid: true })
  assert.match(description.openapi, /^3\.1\./)
  for (const [path, method, operation] of operations) {
    for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
      const pointer = `${operationPointer(path, method)}/requestBody/content/${type.replace('/', '~1')}/schema`
      assert.equal(validationErrors(pointer, example), '', `${method} ${path}`)
    }
    for (const [index, { name, example }] of (operation.parameters ?? []).entries()) {
      const pointer = `${operationPointer(path, method)}/parameters/${index}/schema`
      if (example !== undefined) assert.equal(validationErrors(pointer, example), '', `${method} ${path} ${name}`)
    }
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const { example, examples = {} } = content?.['application/json'] ?? {}
      const bodies = [...(example ? [example] : []), ...Object.values(examples).map(({ value }) => value)]
      assert.ok(bodies.length > 0 || content === undefined, `${method} ${path} ${status} has no example`)
      for (const body of bodies) assert.equal(validationErrors(schemaPointer(path, method, status), body), '')
    }
  }
})

test('the description has every endpoint of the API and no page', () => {
  const described = operations.map(([path, method]) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/, ':$1')}`)
  const endpoints = routes.filter(({ endpoint }) => endpoint.about).map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(described.sort(), endpoints.sort())
  assert.equal(endpoints.length, 34)
  assert.equal(new Set(operations.map(([, , { operationId }]) => operationId)).size, 34)
})

test('each endpoint declares exactly the parameters of its path', () => {
  for (const { path, endpoint } of routes) {
    const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    assert.deepEqual(Object.keys(endpoint.params ?? {}), named, path)
  }
})

test('each success and each refusal of the server matches the description', async () => {
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const pair = await issuePair(server)
  const bearer = access_token
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await server.post(path, body, { headers })
    assertDescribed(path, 'post', answer)
    return answer.status
  }
  const bodies: [path: string, good: object, refused: object, status: number][] = [
    [
      '/api/v1/users/sign_up',
      { user: { email: 'x@example.com', password: PASSWORD } },
      { user: { email: 'x', password: 'y' } },
      422,
    ],
    ['/api/v1/auth/login', ADMIN, { ...ADMIN, password: 'wrong' }, 401],
    ['/api/v1/auth/refresh', { refresh_token }, { refresh_token: 'x' }, 401],
    ['/api/v1/auth/logout', { refresh_token }, { refresh_token }, 401],
    ['/auth/token', { auth: { user_guid: JOHN } }, { auth: { user_guid: 'unknown' } }, 404],
    ['/auth/refresh', { auth: pair }, { auth: pair }, 401],
  ]
  for (const [path, good, refused, status] of bodies) {
    assert.equal(await post(path, good), 200, path)
    assert.equal(await post(path, refused), status, path)
    assert.equal(await post(path, {}), 422, path)
    assert.equal(await post(path, '{'), 400, path)
    assert.equal(await post(path, good, { 'content-type': 'text/plain' }), 415, path)
    assert.equal(await post(path, `"${'x'.repeat(20_000)}"`), 413, path)
  }
  for (const path of ['/api/v1/auth/refresh', '/auth/refresh']) {
    assert.equal(await post(path, { refresh_token, auth: pair }, { 'idempotency-key': 'short' }), 400)
  }
  const other = await logInNewUser(server)
  for (const [given, status] of [
    [{}, 401],
    [{ bearer: other.access_token }, 200],
  ] as const) {
    const answer = await server.get('/api/v1/auth/me', given)
    assertDescribed('/api/v1/auth/me', 'get', answer)
    assert.equal(answer.status, status)
  }
  const deletions: [id: string, bearer: string, status: number][] = [
    [String(user.id), bearer, 401],
    [String(user.id), other.access_token, 404],
    ['%zz', other.access_token, 400],
    ['x'.repeat(200), other.access_token, 414],
    [other.user.guid, other.access_token, 204],
  ]
  for (const [id, token, status] of deletions) {
    const answer = await server.delete(`/api/v1/users/${id}`, { bearer: token })
    assertDescribed('/api/v1/users/{id}', 'delete', answer)
    assert.equal(answer.status, status, answer.text)
  }
  for (const path of ['/health', '/ready']) assertDescribed(path, 'get', await server.get(path))
  const publishing = await startServer({ JWT_ALGORITHM: 'ES256' })
  for (const name of ['jwks.json', 'oauth-authorization-server', 'openid-configuration']) {
    const path = `/.well-known/${name}`
    for (const from of [server, publishing]) assertDescribed(path, 'get', await from.get(path))
  }
})

test('answers to rate limits and outages are described too', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' })
  let answer = await limited.post('/api/v1/auth/login', { email: 'a@example.com', password: 'x' })
  for (let attempt = 0; attempt < 10; attempt++) {
    answer = await limited.post('/api/v1/auth/login', { email: 'a@example.com', password: 'x' })
  }
  assert.equal(answer.status, 429)
  assertDescribed('/api/v1/auth/login', 'post', answer)
  for (const [, , { operationId, responses }] of operations) {
    assert.ok(responses['500'])
    assert.equal('503' in responses, operationId !== 'health', operationId)
  }
})

test('the description states who may issue pairs, as configured', async () => {
  const issuing = (of: TestServer) =>
    apiDescription(of).then((api) => api.operations.find(([path]) => path === '/auth/token')?.[2])
  assert.deepEqual((await issuing(server))?.security, [])
  const service = await startServer({ PAIR_ISSUANCE: 'service', SERVICE_KEYS: 'the-key-of-a-service' })
  assert.deepEqual((await issuing(service))?.security, [{ serviceKey: [] }])
  const secured = operations.filter(([, , { security }]) => security.length > 0)
  assert.deepEqual(
    secured.map(([, , { operationId, security }]) => [operationId, security]),
    [
      ['deleteUser', [{ accessToken: [] }]],
      ['me', [{ accessToken: [] }]],
      ...['changePassword', 'requestVerification', 'verifyEmail', 'requestEmailChange', 'confirmEmailChange'].map(
        (id) => [id, [{ accessToken: [] }]],
      ),
      ['listSessions', [{ accessToken: [] }]],
      ['endSessions', [{ accessToken: [] }]],
      ['showSession', [{ accessToken: [] }]],
      ['endSession', [{ accessToken: [] }]],
      ['setUserClaims', [{ serviceKey: [] }]],
      ['setSessionClaims', [{ serviceKey: [] }]],
      ['introspect', [{ serviceKey: [] }, { serviceKeyAsPassword: [] }]],
    ],
  )
})

test('a client generated from the description can use every endpoint', async () => {
  const definition = (await server.get('/openapi.json')).body
  const client = await new OpenAPIClientAxios({ definition: { ...definition, servers: [{ url: server.url }] } }).init()
  // biome-ignore lint/suspicious/noExplicitAny: its methods are generated at run time
  const api = client as any
  const email = 'made-client@example.com'
  const { data } = await api.signUp(null, { user: { email, password: PASSWORD } })
  assert.equal(data.user.email, email)
  const login = (await api.login(null, { email, password: PASSWORD })).data
  const tokens = (
    await api.refresh({ 'Idempotency-Key': 'a-key-of-this-attempt' }, { refresh_token: login.refresh_token })
  ).data
  const headers = { Authorization: `Bearer ${tokens.access_token}` }
  assert.equal((await api.me(null, null, { headers })).data.user.guid, data.user.guid)
  const pair = (await api.issuePair(null, { auth: { user_guid: data.user.guid } })).data
  assert.equal(typeof (await api.refreshPair(null, { auth: pair })).data.refresh_token, 'string')
  assert.deepEqual((await api.logout(null, { refresh_token: tokens.refresh_token })).data, {
    message: 'Logged out successfully',
  })
  const second = (await api.login(null, { email, password: PASSWORD })).data
  const authorized = { headers: { Authorization: `Bearer ${second.access_token}` } }
  assert.equal((await api.deleteUser({ id: data.user.guid }, null, authorized)).status, 204)
  await assert.rejects(api.login(null, { email, password: PASSWORD }), { status: 401 })
})

test('the user that a sign-up returns matches the description', async () => {
  const user = await signUp(server)
  assert.equal(validationErrors('/components/schemas/User', user), '')
  assert.notEqual(validationErrors('/components/schemas/User', { ...user, role: 'boss' }), '')
})

test('the description has the tokens that a client gets: required in bodies, none beside a cookie', async () => {
  const body = description.components.schemas
  assert.ok(body['LoginResponse']?.required?.includes('refresh_token'))
  assert.ok(body['LoginResponse']?.required?.includes('device_token'))
  assert.deepEqual(body['RefreshRequest']?.required, ['refresh_token'])
  assert.ok(!('cookie' in (body['LoginRequest']?.properties ?? {})), 'with it, the answer would be another')

  const inCookieMode = await startServer({ COOKIE_MODE: 'on' })
  for (const [of, path, login] of [
    [server, '/openapi.json?tokens=cookie', { ...ADMIN, cookie: true }],
    [inCookieMode, '/openapi.json', ADMIN],
  ] as const) {
    const api = await apiDescription(of, path)
    assert.deepEqual(await new Validator().validate(structuredClone(api.document)), { valid: true })
    const { LoginRequest, LoginResponse } = api.document.components.schemas
    assert.deepEqual(LoginRequest?.required, Object.keys(login))
    const described = Object.fromEntries(api.operations.map(([, , each]) => [each.operationId, each]))
    assert.deepEqual(described['login']?.requestBody?.content['application/json']?.example, login)
    for (const operationId of ['refresh', 'logout']) {
      assert.deepEqual(described[operationId]?.security, [{ cookieAuth: [] }])
      assert.notEqual(described[operationId]?.requestBody?.required, true)
    }
    assert.equal(described['refresh']?.requestBody, undefined)
    const answer = await of.post('/api/v1/auth/login', login)
    api.assertDescribed('/api/v1/auth/login', 'post', answer)
    assert.deepEqual(Object.keys(answer.body), Object.keys(LoginResponse?.properties ?? {}))
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const refreshed = await send(`${of.url}/api/v1/auth/refresh`, { method: 'POST', headers: { cookie } })
    assert.equal(refreshed.status, 200)
    api.assertDescribed('/api/v1/auth/refresh', 'post', refreshed)
    assert.ok(!('refresh_token' in refreshed.body))
  }
})

test('the login of the description is that of the demo user, and other requests have variables for tokens', async () => {
  const example = (operationId: string) => {
    const [, , operation] = operations.find(([, , each]) => each.operationId === operationId) ?? []
    return Object.values(operation?.requestBody?.content ?? {})[0]?.example
  }
  assert.equal((await server.post('/api/v1/auth/login', example('login'))).status, 200)
  assert.equal((await server.post('/auth/token', example('issuePair'))).status, 200)
  for (const operationId of ['refresh', 'logout', 'refreshPair', 'oauthToken'])
    assert.match(JSON.stringify(example(operationId)), /"refresh_token":"\{\{(pair_)?refresh_token\}\}"/, operationId)
})

test('the description has what generators need: an absolute address, named bodies and answers, widths of integers', async () => {
  const { document } = await apiDescription(server)
  const { servers, components } = document as unknown as {
    servers: { url: string }[]
    components: { schemas: Record<string, { properties?: Record<string, object> }>; securitySchemes: object }
  }
  assert.deepEqual(servers, [{ url: server.url }])
  for (const name of ['LoginRequest', 'LoginResponse', 'RefreshRequest', 'SignUpRequest', 'RefreshPairRequest'])
    assert.ok(components.schemas[name]?.properties, name)
  const widths = JSON.stringify(components).match(/"type":"integer"(?!,"format":"int(32|64)"|[^{}]*"format":"int)/g)
  assert.equal(widths, null)
  assert.ok('cookieAuth' in components.securitySchemes)
  const elsewhere = await startServer({ PUBLIC_URL: 'https://auth.example.com' })
  assert.equal((await elsewhere.get('/openapi.json')).body.servers[0].url, 'https://auth.example.com')
})
