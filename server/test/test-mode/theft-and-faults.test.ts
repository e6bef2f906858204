import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { startBench, type Tokens } from './bench.ts'

const REFRESH = 'POST /api/v1/auth/refresh'

const server = await startBench()
beforeEach(() => server.test('reset'))

test('a dropped answer is committed: the next try gets the very same successor', async () => {
  const { tokens } = await server.signIn()
  const first = (await server.refresh(tokens.refresh_token)).body as Tokens
  await server.test('clock', { advance: '1m' })
  assert.equal((await server.test('faults', { route: REFRESH, outcome: 'drop_answer' })).status, 204)
  await assert.rejects(server.refresh(first.refresh_token), /fetch failed/)
  const stolen = (await server.test('steal', { session: first.access_token })).body
  assert.equal(stolen.refresh_token, first.refresh_token, 'the client has what it had')
  const second = await server.refresh(first.refresh_token)
  assert.equal(second.status, 200)
  assert.notEqual(second.body.refresh_token, first.refresh_token)
  await server.test('clock', { advance: '1m' })
  const late = await server.refresh(first.refresh_token)
  assert.deepEqual([late.status, late.body.error.details.reason], [401, 'reuse'], 'the dropped request had used it')
})

test('a request that meets a 503 has done nothing', async () => {
  const { tokens } = await server.signIn()
  await server.test('faults', { route: REFRESH, outcome: '503', times: 2 })
  for (let count = 0; count < 2; count++) {
    const { status, headers, body } = await server.refresh(tokens.refresh_token)
    assert.deepEqual([status, headers.get('retry-after'), body.error.details.code], [503, '1', 'unavailable'])
  }
  assert.equal((await server.refresh(tokens.refresh_token)).status, 200)
})

test('a delayed answer is late, and a reset ends the delay', async () => {
  const { tokens } = await server.signIn()
  await server.test('faults', { route: REFRESH, outcome: 'delay', ms: 60_000 })
  const answer = server.refresh(tokens.refresh_token)
  await server.test('sessions', { user: '1' })
  const order: string[] = []
  const late = answer.then(() => order.push('late'))
  assert.equal((await server.get('/api/v1/auth/me', { bearer: tokens.access_token })).status, 200)
  order.push('others')
  await server.test('reset')
  await late
  assert.deepEqual(order, ['others', 'late'])
})

test('a fault meets only its own route, in the order in which they were set', async () => {
  const { tokens } = await server.signIn()
  const route = 'DELETE /api/v1/auth/sessions/:id'
  assert.equal((await server.test('faults', { route, outcome: '503' })).status, 204)
  assert.equal((await server.refresh(tokens.refresh_token)).status, 200)
  for (const [body, field] of [
    [{ route: '/api/v1/auth/refresh', outcome: '503' }, 'route'],
    [{ route: 'POST /test/reset', outcome: '503' }, 'route'],
    [{ route: REFRESH, outcome: 503 }, 'outcome'],
    [{ route: REFRESH, outcome: 'explode' }, 'outcome'],
    [{ route: REFRESH }, 'outcome'],
    [{ route: REFRESH, outcome: 'delay' }, 'ms'],
    [{ route: REFRESH, outcome: 'delay', ms: 1e9 }, 'ms'],
    [{ route: REFRESH, outcome: '503', ms: 5 }, 'ms'],
    [{ route: REFRESH, outcome: '503', times: 0 }, 'times'],
  ] as const) {
    const { status, body: answer } = await server.test('faults', body)
    assert.deepEqual([status, Object.keys(answer.error.details)], [422, [field]], JSON.stringify(body))
  }
})

test('a stolen token works for the thief until its owner uses it, and then the session ends with a mail', async () => {
  const { user, tokens } = await server.signIn()
  const own = (await server.refresh(tokens.refresh_token)).body as Tokens
  const stolen = await server.test('steal', { session: own.access_token })
  assert.equal(stolen.status, 200)
  const { attempt, ...pair } = stolen.body
  assert.deepEqual(pair, { access_token: own.access_token, refresh_token: own.refresh_token })
  assert.match(attempt, /^[\w-]{43}$/)
  await server.test('clock', { advance: '16m' })
  const thief = (await server.refresh(stolen.body.refresh_token)).body as Tokens
  await server.test('clock', { advance: '16m' })
  assert.equal((await server.refresh(own.refresh_token)).status, 401)
  assert.equal((await server.refresh(thief.refresh_token)).status, 401)
  const { mails } = (await server.get(`/test/mails?to=${user.email}&wait=5`, { bearer: server.adminKey })).body
  assert.deepEqual([mails.length, mails[0].kind, mails[0].to], [1, 'refresh_token_reused', user.email])
})

test('a thief with the attempt, too, gets one answer more, and then the session ends', async () => {
  const { tokens } = await server.signIn()
  const { refresh_token: first } = (await server.refresh(tokens.refresh_token)).body as Tokens
  const { attempt, refresh_token } = (await server.test('steal', { session: first })).body
  assert.equal(refresh_token, first)
  await server.test('clock', { advance: '16m' })
  const own = await server.refresh(first, attempt)
  await server.test('clock', { advance: '16m' })
  const thief = await server.refresh(refresh_token, attempt)
  assert.deepEqual([own.status, thief.status], [200, 200])
  await server.test('clock', { advance: '16m' })
  assert.equal((await server.refresh(own.body.refresh_token)).status, 200)
  await server.test('clock', { advance: '16m' })
  assert.equal((await server.refresh(thief.body.refresh_token)).body.error.details.reason, 'reuse')
})

test('the tokens of a cookie and of a pair can be stolen, those of an unknown session cannot', async () => {
  const { user } = await server.signIn()
  const { body, headers } = await server.test('sessions', { user: user.guid, cookie: true })
  const stolen = await server.test('steal', { session: body.access_token })
  const cookie = headers.get('set-cookie') ?? ''
  const { refresh_token, attempt } = stolen.body
  assert.ok(cookie.startsWith(`__Host-tessera_refresh=${refresh_token}.${attempt};`), cookie)
  const pair = await server.post('/auth/token', { auth: { user_guid: user.guid } }, { bearer: server.adminKey })
  assert.equal(pair.status, 200, pair.text)
  const ofPair = await server.test('steal', { session: pair.body.refresh_token })
  assert.equal(ofPair.body.access_token, pair.body.access_token)
  for (const session of ['', 'x', 'a.b.c', '01900000-0000-7000-8000-000000000000', ['x'], null]) {
    const { status, body: refused } = await server.test('steal', { session })
    assert.deepEqual([status, Object.keys(refused.error.details)], [422, ['session']], String(session))
  }
})
