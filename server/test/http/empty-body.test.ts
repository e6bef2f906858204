import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { PASSWORD, signUp } from '../support/users.ts'

const REFRESH = '/api/v1/auth/refresh'
const LOGOUT = '/api/v1/auth/logout'

/** Logs in with a cookie; returns the header that a browser sends from then on. */
async function cookieOf(server: TestServer): Promise<string> {
  const { email } = await signUp(server)
  const answer = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
  const [cookie = ''] = (answer.headers.getSetCookie().find((each) => each.includes('_refresh=')) ?? '').split(';')
  return cookie
}

/** Sends the lines of a request as they are; returns the status of the answer. */
async function exchange(server: TestServer, path: string, lines: string[], body = ''): Promise<number> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.write(`${[`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n${body}`)
  return Number(/^HTTP\/1.1 (\d+)/.exec(await text(socket))?.[1])
}

/** Nothing, as client libraries send it. */
const NOTHING: [string[], string?][] = [
  [[]],
  [['Content-Length: 0']],
  [['Content-Length: 0', 'Content-Type: application/json']],
  [['Content-Length: 0', 'Content-Type: application/x-www-form-urlencoded']],
  [['Content-Length: 0', 'Content-Type: text/plain;charset=UTF-8']],
  [['Transfer-Encoding: chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Content-Type: application/json'], '0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Content-Type: application/octet-stream'], '0\r\n\r\n'],
]

test('a refresh or logout with a cookie may come without a body, however a library sends nothing', async () => {
  const server = await startServer()
  for (const path of [REFRESH, LOGOUT])
    for (const [headers, body] of NOTHING) {
      const cookie = `Cookie: ${await cookieOf(server)}`
      assert.equal(await exchange(server, path, [cookie, ...headers], body), 200, `${path} ${headers}`)
    }
})

test('without a cookie the contract stands: 422 for no body, 400 for empty JSON, 415 for another type', async () => {
  const server = await startServer()
  const statuses: number[] = []
  for (const [headers, body] of NOTHING) statuses.push(await exchange(server, REFRESH, headers, body))
  assert.deepEqual(statuses, [422, 422, 400, 415, 415, 415, 400, 415])
})

test('with a cookie, content of another type stays 415, and an empty body is judged by its origin', async () => {
  const server = await startServer({ CORS_ORIGINS: 'https://app.example.com' })
  const cookie = `Cookie: ${await cookieOf(server)}`
  for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
    assert.equal(await exchange(server, REFRESH, [cookie, `Content-Type: ${type}`, 'Content-Length: 2'], '{}'), 415)
  for (const refused of [
    ['Origin: https://evil.example'],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Origin: null'],
  ])
    for (const path of [REFRESH, LOGOUT])
      assert.equal(await exchange(server, path, [cookie, ...refused]), 403, `${refused}`)
  const listed = ['Origin: https://app.example.com', 'Sec-Fetch-Site: cross-site']
  assert.equal(await exchange(server, REFRESH, [cookie, ...listed]), 200)
})

test('in cookie mode a refresh or logout without a cookie is 401, with or without a body', async () => {
  const server = await startServer({ COOKIE_MODE: 'on' })
  for (const path of [REFRESH, LOGOUT]) {
    const answers: Answer[] = [await server.post(path, {}), await server.post(path, undefined)]
    for (const { status, body } of answers)
      assert.deepEqual([status, body.error.message], [401, 'Invalid refresh token'])
    for (const [headers, body] of NOTHING) assert.equal(await exchange(server, path, headers, body), 401, `${headers}`)
  }
})

test('a final slash is forgiven, with every method; two slashes in a row are named', async () => {
  const server = await startServer()
  const { email } = await signUp(server)
  const login = await server.post('/api/v1/auth/login/', { email, password: PASSWORD })
  assert.equal(login.status, 200)
  assert.equal((await server.get('/api/v1/auth/me/', { bearer: login.body.access_token })).status, 200)
  for (const path of ['/docs/', '/health/', '/ready/']) assert.equal((await server.get(path)).status, 200, path)
  const wrongMethod = await server.get('/api/v1/auth/login/')
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.get('allow')], [405, 'POST'])
  const doubled = await server.post('//api/v1/auth/login', { email, password: PASSWORD })
  assert.deepEqual([doubled.status, doubled.body.error.details], [404, { hint: 'The path has two slashes in a row' }])
})
