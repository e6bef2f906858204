import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { logInNewUser, logOut, me, refresh } from '../support/users.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`
const TRUSTING = { TRUSTED_PROXIES: '127.0.0.1' }

const requests = ({ logs }: TestServer) => logs.filter(({ msg }) => msg === 'request')

/** Sends a request with headers, and returns its line and the id that the client got. */
async function lineOf(server: TestServer, headers: Record<string, string>) {
  const answer = await server.get('/api/v1/auth/me', { headers })
  const line = requests(server).at(-1) ?? {}
  return { line, answered: answer.headers.get('x-request-id') }
}

test('the line of a request names the user, the session and what came of it', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const { user, ...login } = await logInNewUser(server)
  const last = () => requests(server).at(-1) ?? {}
  assert.deepEqual([last()['user'], last()['outcome'], last()['level']], [user.id, 'succeeded', 30])
  await me(server, login.access_token)
  const { sid } = last()
  assert.deepEqual([last()['user'], typeof sid, last()['outcome']], [user.id, 'string', undefined])
  await refresh(server, login.refresh_token)
  assert.deepEqual([last()['sid'], last()['outcome']], [sid, 'rotated'])
  await logOut(server, login.refresh_token)
  await refresh(server, login.refresh_token)
  assert.deepEqual([last()['sid'], last()['outcome'], last()['status']], [sid, 'ended', 401])
  const audited = server.logs.filter(({ msg, user: of }) => msg === 'audit' && of === user.id)
  assert.deepEqual(audited.map(({ kind, sid: of }) => [kind, of === sid]).slice(-2), [
    ['login_succeeded', true],
    ['logout', true],
  ])
})

test('a trusted proxy names the request and its trace; other clients do not', async () => {
  const headers = { 'x-request-id': 'edge/42', traceparent: TRACEPARENT }
  const trusting = await startServer(TRUSTING)
  const { line, answered } = await lineOf(trusting, headers)
  assert.deepEqual([line['requestId'], line['trace'], answered], ['edge/42', TRACE, 'edge/42'])
  for (const bad of ['x'.repeat(65), 'two ids', 'one, two', 'é', ''])
    assert.match(String((await lineOf(trusting, { 'x-request-id': bad })).answered), /^[0-9a-f-]{36}$/, bad)
  for (const bad of [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `${TRACEPARENT}, x`, `01-${TRACE}`])
    assert.equal((await lineOf(trusting, { traceparent: bad })).line['trace'], undefined, bad)

  const others = await startServer({ TRUSTED_PROXIES: '192.0.2.1' })
  const untrusted = await lineOf(others, headers)
  assert.match(String(untrusted.line['requestId']), /^[0-9a-f-]{36}$/)
  assert.equal(untrusted.answered, untrusted.line['requestId'])
  assert.equal(untrusted.line['trace'], undefined)
})

test('probes have no line, and LOG_REQUESTS leaves out others', async () => {
  const [all, errors, off] = [
    await startServer(),
    await startServer({ LOG_REQUESTS: 'errors' }),
    await startServer({ LOG_REQUESTS: 'off' }),
  ]
  for (const server of [all, errors, off]) for (const path of ['/health', '/ready', '/nothing']) await server.get(path)
  assert.deepEqual(
    requests(all).map(({ path }) => path),
    ['/nothing'],
  )
  assert.deepEqual([requests(errors), requests(off)], [[], []])
})
