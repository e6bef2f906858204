import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, me, PASSWORD, refresh, type Tokens } from '../support/users.ts'

const server = await startServer()
const SESSIONS = '/api/v1/auth/sessions'
const WINDOWS_CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'

const sessionIdOf = (tokens: { access_token: string }) => String(decodeClaims(tokens.access_token)['sid'])

test('a user sees their active sessions, the one that was used last first', async () => {
  const first = await logInNewUser(server)
  const phone = await server.post(
    '/api/v1/auth/login',
    { email: first.user.email, password: 'correct horse battery' },
    { headers: { 'user-agent': WINDOWS_CHROME } },
  )
  const ended = await logIn(server, first.user.email)
  await server.post('/api/v1/auth/logout', { refresh_token: ended.refresh_token })
  server.advanceClock({ seconds: 60 })
  const rotated = await refresh(server, first.refresh_token)
  const answer = await server.get(SESSIONS, { bearer: phone.body.access_token })
  assert.equal(answer.status, 200)
  assert.deepEqual(
    answer.body.sessions.map(({ id, current, refreshes }: Record<string, unknown>) => ({ id, current, refreshes })),
    [
      { id: sessionIdOf(rotated.body), current: false, refreshes: 1 },
      { id: sessionIdOf(phone.body), current: true, refreshes: 0 },
    ],
  )
  const [, own] = answer.body.sessions
  assert.equal(own.device, 'Chrome on Windows')
  assert.deepEqual(own.amr, ['pwd'])
  assert.equal(own.kind, 'login')
  assert.deepEqual(Object.keys(own).sort(), [
    ...['amr', 'auth_time', 'created_at', 'current', 'device', 'expires_at', 'id', 'ip', 'kind', 'refreshed_at'],
    'refreshes',
  ])
})

test('a session of another user looks exactly like one that does not exist, and goes on', async () => {
  const [ann, ben] = [await logInNewUser(server), await logInNewUser(server)]
  for (const id of [sessionIdOf(ben), randomUUID(), 'x', '..%2f']) {
    for (const call of [server.get, server.delete]) {
      const answer = await call(`${SESSIONS}/${id}`, { bearer: ann.access_token })
      assert.equal(answer.status, 404, id)
      assert.equal(answer.text, '{"error":{"message":"Not found","details":{}}}')
    }
  }
  assert.equal((await me(server, ben.access_token)).status, 200)
})

test('a user ends another session of theirs once, and its client is told why', async () => {
  const laptop = await logInNewUser(server)
  const phone = await logIn(server, laptop.user.email)
  const path = `${SESSIONS}/${sessionIdOf(phone)}`
  assert.equal((await server.delete(path, { bearer: laptop.access_token })).status, 204)
  assert.equal((await server.delete(path, { bearer: laptop.access_token })).status, 404)
  assert.equal((await me(server, phone.access_token)).status, 401)
  const refused = await refresh(server, phone.refresh_token)
  assert.equal(refused.status, 401)
  const details = { code: 'session_ended', reason: 'ended' }
  assert.deepEqual(refused.body, { error: { message: 'Invalid refresh token', details } })

  const shown = await server.get(path, { bearer: laptop.access_token })
  assert.equal(shown.body.session.end_reason, 'ended')
  assert.ok(shown.body.session.ended_at)
  assert.deepEqual(
    shown.body.events.map(({ kind }: { kind: string }) => kind),
    ['session_ended', 'login_succeeded'],
  )
})

test('ending the own session is a logout', async () => {
  const login = await logInNewUser(server)
  const path = `${SESSIONS}/${sessionIdOf(login)}`
  assert.equal((await server.delete(path, { bearer: login.access_token })).status, 204)
  assert.equal((await me(server, login.access_token)).status, 401)
  const { details } = (await refresh(server, login.refresh_token)).body.error
  assert.deepEqual(details, { code: 'session_ended', reason: 'logout' })
})

test('all other sessions end, only those of one kind, or the own one too', async () => {
  const own = await logInNewUser(server)
  const others = [await logIn(server, own.user.email), await logIn(server, own.user.email)]
  const pair = await issuePair(server, own.user.guid)
  const end = (query: string) => server.delete(`${SESSIONS}${query}`, { bearer: own.access_token })
  assert.deepEqual((await end('?kind=login')).body, { ended: 2 })
  for (const other of others) assert.equal((await me(server, other.access_token)).status, 401)
  assert.equal((await me(server, pair.access_token)).status, 200)
  assert.deepEqual((await end('')).body, { ended: 1 })
  assert.equal((await me(server, pair.access_token)).status, 401)
  assert.deepEqual((await end('')).body, { ended: 0 })
  assert.deepEqual((await end('?current=true')).body, { ended: 1 })
  assert.equal((await me(server, own.access_token)).status, 401)
})

test('a query that cannot be read ends nothing', async () => {
  const own = await logInNewUser(server)
  const other = await logIn(server, own.user.email)
  for (const [query, field, sentence] of [
    ['?current=1', 'current', 'must be true or false'],
    ['?kind=all', 'kind', 'must be login or pair'],
    ['?kind=login&kind=pair', 'kind', 'must be login or pair'],
  ] as const) {
    const answer = await server.delete(SESSIONS + query, { bearer: own.access_token })
    assert.equal(answer.status, 422, query)
    assert.deepEqual(answer.body.error.details, { [field]: [sentence] })
  }
  assert.equal((await me(server, other.access_token)).status, 200)
})

test('of two sessions that end each other at the same time, one wins', async () => {
  for (let round = 0; round < 20; round++) {
    const ann = await logInNewUser(server)
    const both = [ann, await logIn(server, ann.user.email)]
    const answers = await Promise.all(both.map(({ access_token: bearer }) => server.delete(SESSIONS, { bearer })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401])
    const alive = await Promise.all(both.map(({ access_token }) => me(server, access_token)))
    assert.deepEqual(alive.map(({ status }) => status).sort(), [200, 401])
  }
})

test('nothing of an ended session works after the answer, whatever refreshes race with it', async () => {
  for (let round = 0; round < 50; round++) {
    const own = await logInNewUser(server)
    const other = await logIn(server, own.user.email)
    const [answer, ...refreshes] = await Promise.all([
      server.delete(SESSIONS, { bearer: own.access_token }),
      ...Array.from({ length: 4 }, () => refresh(server, other.refresh_token)),
    ])
    assert.deepEqual(answer.body, { ended: 1 })
    for (const { status, body } of refreshes) {
      if (status !== 200) continue
      assert.equal((await me(server, body.access_token)).status, 401)
      assert.equal((await refresh(server, body.refresh_token)).status, 401)
    }
    assert.equal((await refresh(server, own.refresh_token)).status, 200)
  }
})

test('a session of thirty days can be listed without any new proof', async () => {
  const { access_token, refresh_token } = await logInNewUser(server)
  let [bearer, token] = [access_token, refresh_token]
  for (let day = 0; day < 29; day += 6) {
    server.advanceClock({ seconds: 6 * 86_400 - 3600 })
    const answer = await refresh(server, token)
    bearer = answer.body.access_token
    token = answer.body.refresh_token
  }
  assert.equal((await server.get(SESSIONS, { bearer })).status, 200)
})

/** Logs in on the device of another login. */
async function logInOnDevice(login: { user: { email: string } }, device_token: string): Promise<Tokens> {
  const answer = await server.post('/api/v1/auth/login', { email: login.user.email, password: PASSWORD, device_token })
  assert.equal(answer.status, 200)
  return answer.body
}

const deviceTokenOf = (login: Tokens) => (login as Tokens & { device_token: string }).device_token

test('sessions of one device are ended in parallel, one by one and together, without a deadlock', async () => {
  for (let round = 0; round < 8; round++) {
    const own = await logInNewUser(server)
    const others: Tokens[] = []
    for (let count = 0; count < 6; count++) others.push(await logInOnDevice(own, deviceTokenOf(own)))
    const paths = ['', ...others.map((other) => `/${sessionIdOf(other)}`), '']
    const answers = await Promise.all(paths.map((path) => server.delete(SESSIONS + path, { bearer: own.access_token })))
    for (const { status, text } of answers) assert.ok([200, 204, 404].includes(status), text)
    for (const other of others) assert.equal((await me(server, other.access_token)).status, 401)
    assert.equal((await me(server, own.access_token)).status, 200)
  }
  assert.deepEqual(
    server.logs.filter(({ msg }) => msg === 'transient database error'),
    [],
  )
})

test('an account forgets the devices of the sessions that its user ended, and no other device', async () => {
  for (const end of ['one', 'others'] as const) {
    const own = await logInNewUser(server)
    const other = await logIn(server, own.user.email)
    const again = await logInOnDevice(own, deviceTokenOf(other))
    await server.post('/api/v1/auth/logout', { refresh_token: again.refresh_token })
    const path = end === 'one' ? `/${sessionIdOf(other)}` : ''
    await server.delete(SESSIONS + path, { bearer: own.access_token })
    const sessions = await server.rows<{ id: string; device_digest: string | null }>(
      sql`select id, device_digest from sessions where user_id = ${own.user.id}`,
    )
    const known = sessions.filter(({ device_digest }) => device_digest !== null).map(({ id }) => id)
    assert.deepEqual(known, [sessionIdOf(own)], end)
  }
})

test('a user may see and end sessions sixty times a minute, whichever session asks, and others are not kept from it', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' })
  const [ann, ben] = [await logInNewUser(limited), await logInNewUser(limited)]
  const phone = await logIn(limited, ann.user.email)
  for (let count = 0; count < 20; count++) {
    for (const { access_token: bearer } of [ann, phone])
      assert.equal((await limited.get(SESSIONS, { bearer })).status, 200)
    assert.equal((await limited.delete(`${SESSIONS}/x`, { bearer: phone.access_token })).status, 404)
  }
  for (const { access_token: bearer } of [ann, phone]) {
    const answer = await limited.delete(SESSIONS, { bearer })
    assert.deepEqual([answer.status, answer.body.error.details], [429, { code: 'rate_limited' }])
    assert.ok(Number(answer.headers.get('retry-after')) <= 60)
  }
  assert.equal((await limited.get(SESSIONS, { bearer: ben.access_token })).status, 200)
  assert.equal((await me(limited, ann.access_token)).status, 200)
  assert.equal((await refresh(limited, ann.refresh_token)).status, 200)
  limited.advanceClock({ seconds: 60 })
  assert.deepEqual((await limited.delete(SESSIONS, { bearer: ann.access_token })).body, { ended: 1 })
})
