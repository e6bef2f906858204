import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { emptyDatabaseUrl } from '../support/test-database.ts'
import { JOHN, me, PASSWORD, refresh, refreshPair, signUp } from '../support/users.ts'

const COOKIE = '__Host-tessera_refresh'
const WINDOW_SECONDS = 30

const attemptOf = ({ headers }: Answer) => headers.get('tessera-attempt') ?? ''
const cookieOf = ({ headers }: Answer) =>
  headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith(`${COOKIE}=`))
    ?.match(/=([^;]*)/)?.[1] ?? ''
const halves = (cookie: string) => cookie.split('.') as [token: string, attempt: string]

async function logIn(server: TestServer, body: object = {}): Promise<Answer> {
  const { email } = await signUp(server)
  return ok(await server.post('/api/v1/auth/login', { email, password: PASSWORD, ...body }))
}

function refreshWithCookie(server: TestServer, value: string, headers: Record<string, string> = {}) {
  return server.post('/api/v1/auth/refresh', {}, { headers: { cookie: `${COOKIE}=${value}`, ...headers } })
}

function ok(answer: Answer): Answer {
  assert.equal(answer.status, 200, answer.text)
  return answer
}

const STRICT = { REFRESH_TOKEN_ROTATION: 'strict' }

test('every answer with a refresh token hands out a new attempt: login, rotation, offer, repetition, OAuth, pairs', async () => {
  const server = await startServer()
  const login = await logIn(server)
  const { refresh_token: first } = login.body
  const offered = ok(await refresh(server, first))
  const again = ok(await refresh(server, first))
  const rotated = ok(await refresh(server, offered.body.refresh_token))
  const repeated = ok(await refresh(server, offered.body.refresh_token))
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: rotated.body.refresh_token,
  }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const oauth = ok(await server.post('/oauth/token', form, { headers }))
  const pair = ok(await server.post('/auth/token', { auth: { user_guid: JOHN } }))
  const nextPair = ok(await refreshPair(server, pair.body))
  const attempts = [login, offered, again, rotated, repeated, oauth, pair, nextPair].map(attemptOf)
  for (const attempt of attempts) assert.match(attempt, /^[\w-]{43}$/)
  assert.equal(new Set(attempts).size, attempts.length)
  const withCookie = await logIn(server, { cookie: true })
  assert.equal(attemptOf(withCookie), '', 'no script reads the attempt of a cookie')
  assert.match(cookieOf(withCookie), /^[\w-]{86}\.[\w-]{43}$/)
})

test('a token presented with its attempt is kept for 30 s after it was handed out, and then rotates', async () => {
  for (const settings of [{}, STRICT, { ...STRICT, REFRESH_REPLAY_WINDOW: '0' }]) {
    const server = await startServer(settings)
    const login = await logIn(server)
    const { refresh_token: token } = login.body
    const attempt = attemptOf(login)
    server.advanceClock({ seconds: WINDOW_SECONDS - 1 })
    const kept = ok(await refresh(server, token, attempt))
    assert.equal(kept.body.refresh_token, token)
    assert.equal(attemptOf(kept), '', 'its attempt stays good')
    assert.equal((await me(server, kept.body.access_token)).status, 200)
    assert.equal((await server.rows(sql`select id from refresh_tokens`)).length, 1, 'nothing is written')
    server.advanceClock({ seconds: 1 })
    const rotated = ok(await refresh(server, token, attempt))
    assert.notEqual(rotated.body.refresh_token, token)
  }
})

test('a lost answer is repeated with the attempt at any time, and the successor counts as new from then on', async () => {
  const server = await startServer(STRICT)
  const login = await logIn(server)
  const { refresh_token: token } = login.body
  server.advanceClock({ seconds: 31 })
  const lost = ok(await refresh(server, token, attemptOf(login)))
  server.advanceClock({ seconds: 86_400 })
  const repeated = ok(await refresh(server, token, attemptOf(login)))
  assert.equal(repeated.body.refresh_token, lost.body.refresh_token)
  assert.notEqual(attemptOf(repeated), attemptOf(lost))
  server.advanceClock({ seconds: 29 })
  const kept = ok(await refresh(server, repeated.body.refresh_token, attemptOf(repeated)))
  assert.equal(kept.body.refresh_token, repeated.body.refresh_token)
  const rotated = ok(await refresh(server, repeated.body.refresh_token, attemptOf(lost)))
  assert.notEqual(rotated.body.refresh_token, repeated.body.refresh_token, 'the lost attempt is a day old')
})

test('an attempt of another token, or an altered one, is a key like any that a client draws', async () => {
  const server = await startServer(STRICT)
  const [login, other] = [await logIn(server), await logIn(server)]
  const { refresh_token: token } = login.body
  const rotated = ok(await refresh(server, token, attemptOf(other)))
  assert.notEqual(rotated.body.refresh_token, token, 'not kept')
  server.advanceClock({ seconds: 86_400 })
  const repeated = ok(await refresh(server, token, attemptOf(other)))
  assert.equal(repeated.body.refresh_token, rotated.body.refresh_token)
  const attempt = attemptOf(repeated)
  const altered = `${attempt[0] === 'A' ? 'B' : 'A'}${attempt.slice(1)}`
  const next = ok(await refresh(server, rotated.body.refresh_token, altered))
  assert.notEqual(next.body.refresh_token, rotated.body.refresh_token)
})

test('a used token with another attempt than it was used with is reuse after the window', async () => {
  const server = await startServer(STRICT)
  const login = await logIn(server)
  const { refresh_token: token } = login.body
  server.advanceClock({ seconds: 31 })
  const lost = ok(await refresh(server, token, attemptOf(login)))
  const repeated = ok(await refresh(server, token, attemptOf(login)))
  server.advanceClock({ seconds: 31 })
  ok(await refresh(server, lost.body.refresh_token, attemptOf(lost)))
  server.advanceClock({ seconds: 31 })
  assert.equal((await refresh(server, lost.body.refresh_token, attemptOf(repeated))).status, 401)
})

test('a lost answer costs no session in a cookie, however late the next request comes', async () => {
  const server = await startServer()
  const cookie = cookieOf(await logIn(server, { cookie: true }))
  server.advanceClock({ seconds: 31 })
  const lost = cookieOf(ok(await refreshWithCookie(server, cookie)))
  server.advanceClock({ seconds: 86_400 })
  const repeated = cookieOf(ok(await refreshWithCookie(server, cookie)))
  assert.equal(halves(repeated)[0], halves(lost)[0])
  assert.notEqual(halves(repeated)[1], halves(lost)[1])
  const kept = ok(await refreshWithCookie(server, repeated))
  assert.deepEqual(kept.headers.getSetCookie(), [])
  server.advanceClock({ seconds: 31 })
  // A key that a page sends beside its cookie changes nothing: all tabs have the attempt.
  const next = cookieOf(ok(await refreshWithCookie(server, repeated, { 'idempotency-key': randomUUID() })))
  server.advanceClock({ seconds: 86_400 })
  assert.equal(halves(cookieOf(ok(await refreshWithCookie(server, repeated))))[0], halves(next)[0])
})

test('a thief of a cookie and its attempt gets one successor, and is detected once the owner has used it', async () => {
  const server = await startServer()
  const stolen = cookieOf(await logIn(server, { cookie: true }))
  server.advanceClock({ seconds: 31 })
  const owner = cookieOf(ok(await refreshWithCookie(server, stolen)))
  server.advanceClock({ seconds: 31 })
  const thief = cookieOf(ok(await refreshWithCookie(server, stolen)))
  assert.equal(halves(thief)[0], halves(owner)[0])
  ok(await refreshWithCookie(server, owner))
  server.advanceClock({ seconds: 31 })
  for (const value of [thief, owner]) assert.equal((await refreshWithCookie(server, value)).status, 401)
})

test('a cookie whose attempt is not one of its token is refused, and nothing ends', async () => {
  const server = await startServer()
  const cookie = cookieOf(await logIn(server, { cookie: true }))
  const [, ofAnother] = halves(cookieOf(await logIn(server, { cookie: true })))
  const [token, attempt] = halves(cookie)
  server.advanceClock({ seconds: 31 })
  const flipped = `${attempt[0] === 'A' ? 'B' : 'A'}${attempt.slice(1)}`
  for (const half of [
    '',
    'x',
    flipped,
    attempt.slice(1),
    `${attempt}A`,
    `${attempt}.${attempt}`,
    ofAnother,
    `.${attempt}`,
  ]) {
    const answer = await refreshWithCookie(server, `${token}.${half}`)
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [401, []], half)
  }
  for (const value of [`.${attempt}`, attempt, `${attempt}.${token}`])
    assert.equal((await refreshWithCookie(server, value)).status, 401, value)
  assert.equal((await refresh(server, cookie)).status, 401, 'a cookie in a body')
  ok(await refreshWithCookie(server, cookie))
})

test('a bare token is accepted in a cookie, and its successor comes with an attempt', async () => {
  const server = await startServer()
  const [token] = halves(cookieOf(await logIn(server, { cookie: true })))
  server.advanceClock({ seconds: 31 })
  assert.match(cookieOf(ok(await refreshWithCookie(server, token))), /^[\w-]{86}\.[\w-]{43}$/)
})

test('COOKIE_ATTEMPTS=off writes bare tokens and reads both forms; bodies have attempts all the same', async () => {
  const DATABASE_URL = await emptyDatabaseUrl()
  const JWT_SECRET_KEY = randomUUID().repeat(2)
  const server = await startServer({ COOKIE_ATTEMPTS: 'off', DATABASE_URL, JWT_SECRET_KEY })
  const bare = cookieOf(await logIn(server, { cookie: true }))
  assert.match(bare, /^[\w-]{86}$/)
  assert.match(attemptOf(await logIn(server)), /^[\w-]{43}$/)
  const on = await startServer({ DATABASE_URL, JWT_SECRET_KEY })
  const full = cookieOf(await logIn(on, { cookie: true }))
  server.advanceClock({ seconds: 31 })
  for (const value of [bare, full]) assert.match(cookieOf(ok(await refreshWithCookie(server, value))), /^[\w-]{86}$/)
})

test('a pair is never kept: each refresh rotates, and one with the same attempt returns the very same successor', async () => {
  const server = await startServer()
  const pair = ok(await server.post('/auth/token', { auth: { user_guid: JOHN } }))
  const rotated = ok(await refreshPair(server, pair.body, attemptOf(pair)))
  assert.notEqual(rotated.body.refresh_token, pair.body.refresh_token)
  server.advanceClock({ seconds: 86_400 })
  const repeated = ok(await refreshPair(server, pair.body, attemptOf(pair)))
  assert.equal(repeated.body.refresh_token, rotated.body.refresh_token)
  assert.notEqual(attemptOf(repeated), attemptOf(rotated))
  ok(await refreshPair(server, repeated.body, attemptOf(repeated)))
  assert.equal((await refreshPair(server, repeated.body, attemptOf(rotated))).status, 401)
})

test('a logout and a replacing login take a cookie with its attempt', async () => {
  const server = await startServer()
  const [one, two, three] = [
    await logIn(server, { cookie: true }),
    await logIn(server, { cookie: true }),
    await logIn(server, { cookie: true }),
  ]
  const headers = (answer: Answer) => ({ headers: { cookie: `${COOKIE}=${cookieOf(answer)}` } })
  ok(await server.post('/api/v1/auth/logout', {}, headers(one)))
  ok(await server.post('/api/v1/auth/logout', { refresh_token: cookieOf(two) }))
  const { email } = await signUp(server)
  ok(await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true }, headers(three)))
  for (const answer of [one, two, three]) assert.equal((await me(server, answer.body.access_token)).status, 401)
})

test('an attempt stays good after a change of the secret', async () => {
  const DATABASE_URL = await emptyDatabaseUrl()
  const [old, next] = [randomUUID().repeat(2), randomUUID().repeat(2)]
  const before = await startServer({ ...STRICT, DATABASE_URL, JWT_SECRET_KEY: old })
  const login = await logIn(before)
  const cookie = cookieOf(await logIn(before, { cookie: true }))
  const after = await startServer({ ...STRICT, DATABASE_URL, JWT_SECRET_KEY: next, JWT_PREVIOUS_SECRET_KEYS: old })
  const kept = ok(await refresh(after, login.body.refresh_token, attemptOf(login)))
  assert.equal(kept.body.refresh_token, login.body.refresh_token)
  assert.deepEqual(ok(await refreshWithCookie(after, cookie)).headers.getSetCookie(), [])
})

test('an attempt counts from the later of its making and its token’s, and never from ahead', async () => {
  const server = await startServer(STRICT)
  const login = await logIn(server)
  server.advanceClock({ seconds: -3600 })
  const rotated = ok(await refresh(server, login.body.refresh_token, attemptOf(login)))
  assert.notEqual(rotated.body.refresh_token, login.body.refresh_token, 'the clock was set back')
})
