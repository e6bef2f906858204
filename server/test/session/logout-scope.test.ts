import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type Answer, startServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, me, PASSWORD, refresh, type Tokens } from '../support/users.ts'

const server = await startServer()
const strict = await startServer({ DATABASE_URL: server.databaseUrl, REFRESH_TOKEN_ROTATION: 'strict' })
const LOGOUT = '/api/v1/auth/logout'
const DONE = { message: 'Logged out successfully' }
const INVALID = { error: { message: 'Invalid refresh token', details: {} } }

const logOut = (refresh_token: string, scope: unknown) => server.post(LOGOUT, { refresh_token, scope })

/** A user with a session on a device, another login and a pair. */
async function threeSessions(on = server) {
  const own = await logInNewUser(on)
  return { own, login: await logIn(on, own.user.email), pair: await issuePair(on, own.user.guid) }
}

/** Asserts which sessions are active, by their access tokens. */
async function assertActive(expected: readonly boolean[], sessions: readonly Pick<Tokens, 'access_token'>[]) {
  const answers = await Promise.all(sessions.map(({ access_token }) => me(server, access_token)))
  assert.deepEqual(
    answers.map(({ status }) => status === 200),
    expected,
  )
}

test('a logout ends its own session, all others of the user, or all, with one event for many', async () => {
  for (const [scope, active, event] of [
    [undefined, [false, true, true], ['logout', { generation: 0 }]],
    ['session', [false, true, true], ['logout', { generation: 0 }]],
    ['others', [true, false, false], ['session_ended', { reason: 'ended', sessions: 2 }]],
    ['all', [false, false, false], ['session_ended', { reason: 'ended', sessions: 3 }]],
  ] as const) {
    const { own, login, pair } = await threeSessions()
    const stranger = await logInNewUser(server)
    const answer = await logOut(own.refresh_token, scope)
    assert.deepEqual([answer.status, answer.body], [200, DONE])
    await assertActive([...active, true], [own, login, pair, stranger])
    const events = await server.rows<{ kind: string; session_id: string; details: string | object }>(
      sql`select kind, session_id, details from audit_events where user_id = ${own.user.id} order by id desc limit 1`,
    )
    const [{ kind, session_id, details } = { kind: '', session_id: '', details: {} }] = events
    assert.deepEqual([kind, typeof details === 'string' ? JSON.parse(details) : details], event, scope)
    assert.equal(session_id, decodeClaims(own.access_token)['sid'])
  }
})

test('a logout with an unknown scope is refused, and ends nothing', async () => {
  const { own, login, pair } = await threeSessions()
  for (const scope of ['everything', 'ALL', '', null, 1, ['all'], {}]) {
    const answer = await logOut(own.refresh_token, scope)
    assert.equal(answer.status, 422, JSON.stringify(scope))
    assert.deepEqual(Object.keys(answer.body.error.details), ['scope'])
  }
  const answer = await logOut(own.refresh_token, 'everything')
  assert.deepEqual(answer.body.error.details, { scope: ['must be session or others or all'] })
  await assertActive([true, true, true], [own, login, pair])
})

test('a refresh token that has expired still ends all sessions, and an access token that has expired is not needed', async () => {
  const late = await startServer()
  const own = await logInNewUser(late)
  late.advanceClock({ seconds: 604_801 })
  const other = await logIn(late, own.user.email)
  assert.equal((await refresh(late, own.refresh_token)).body.error.message, 'Refresh token expired')
  const answer = await late.post(LOGOUT, { refresh_token: own.refresh_token, scope: 'all' })
  assert.deepEqual([answer.status, answer.body], [200, DONE])
  assert.equal((await me(late, other.access_token)).status, 401)
  const { details } = (await refresh(late, own.refresh_token)).body.error
  assert.deepEqual(details, { code: 'session_ended', reason: 'ended' })
})

test('the token before the newest ends other sessions within the window, since its successor may be lost', async () => {
  const { own, login, pair } = await threeSessions(strict)
  await refresh(strict, own.refresh_token)
  assert.equal((await logOut(own.refresh_token, 'others')).status, 200)
  await assertActive([true, false, false], [own, login, pair])
})

test('a token that was used long ago ends its own session only, whatever the scope', async () => {
  const rotate = async (token: string) => (await refresh(strict, token)).body.refresh_token as string
  const ways: Record<string, (sessionId: unknown, first: string) => Promise<unknown>> = {
    'its window is over': async (id, first) => {
      await rotate(first)
      const past = new Date(Date.now() - 30_000)
      return strict.rows(sql`update refresh_tokens set used_at = ${past} where session_id = ${id} and generation = 0`)
    },
    'its successor was used': async (_id, first) => rotate(await rotate(first)),
    'its row is gone': async (_id, first) => rotate(await rotate(await rotate(first))),
    'its secret does not fit': (id) =>
      strict.rows(sql`update refresh_tokens set token_digest = ${'overwritten'} where session_id = ${id}`),
  }
  for (const [name, use] of Object.entries(ways)) {
    for (const scope of ['others', 'all']) {
      const { own, login, pair } = await threeSessions(strict)
      await use(decodeClaims(own.access_token)['sid'], own.refresh_token)
      const answer = await logOut(own.refresh_token, scope)
      assert.deepEqual([answer.status, answer.body], [200, DONE], name)
      await assertActive([false, true, true], [own, login, pair])
    }
  }
})

test('a forged token and a token of an ended session end nothing, whatever the scope', async () => {
  const { own, login, pair } = await threeSessions()
  const bytes = Buffer.from(own.refresh_token, 'base64url')
  bytes[63] = (bytes[63] ?? 0) ^ 1
  const ended = await logIn(server, own.user.email)
  await logOut(ended.refresh_token, 'session')
  for (const token of [bytes.toString('base64url'), '', own.access_token, ended.refresh_token]) {
    for (const scope of ['others', 'all']) {
      const answer = await logOut(token, scope)
      assert.deepEqual([answer.status, answer.body], [401, INVALID])
    }
  }
  await assertActive([true, true, true], [own, login, pair])
})

test('a pair ends its own session only, whatever the scope', async () => {
  for (const scope of ['others', 'all']) {
    const { own, login, pair } = await threeSessions()
    assert.equal((await logOut(pair.refresh_token, scope)).status, 200)
    await assertActive([true, true, false], [own, login, pair])
  }
})

test('a logout in a cookie clears it exactly where its own session ends', async () => {
  const name = '__Host-tessera_refresh'
  const cleared = (answer: Answer) => answer.headers.getSetCookie().some((each) => each.startsWith(`${name}=;`))
  for (const [scope, use, status, isCleared] of [
    ['session', 'newest', 200, true],
    ['all', 'newest', 200, true],
    ['others', 'newest', 200, false],
    ['everything', 'newest', 422, false],
    ['others', 'long used', 200, true],
    ['others', 'ended', 401, false],
    ['all', 'ended', 401, true],
  ] as const) {
    const { user } = await logInNewUser(server)
    const login = await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD, cookie: true })
    const [, value = ''] = login.headers.getSetCookie().join().match(`${name}=([^;]+)`) ?? []
    // Its attempt is young, and would keep a token that is made to look old.
    const token = use === 'long used' ? (value.split('.')[0] ?? '') : value
    const send = (path: string, body: object) =>
      server.post(`/api/v1/auth/${path}`, body, { headers: { cookie: `${name}=${token}` } })
    if (use === 'ended') await send('logout', {})
    if (use === 'long used') {
      const made = sql`update refresh_tokens set created_at = ${new Date(Date.now() - 60_000)} where user_id = ${user.id} returning id`
      await server.rows(made)
      assert.equal((await send('refresh', {})).status, 200)
      const used = sql`update refresh_tokens set used_at = ${new Date(Date.now() - 60_000)}
        where user_id = ${user.id} and used_at is not null returning id`
      assert.equal((await server.rows(used)).length, 1)
    }
    const answer = await send('logout', { scope })
    assert.equal(answer.status, status, `${scope} ${use}`)
    assert.equal(cleared(answer), isCleared, `${scope} ${use}`)
  }
})
