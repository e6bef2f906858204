import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type Answer, startServer } from '../support/server.ts'
import {
  decodeClaims,
  issuePair,
  JOHN,
  logInNewUser,
  logOut,
  refresh,
  refreshPair,
  signUp,
  type Tokens,
} from '../support/users.ts'

const server = await startServer()

function expectPair(answer: Answer): Tokens {
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(Object.keys(answer.body).sort(), ['access_token', 'refresh_token'])
  return answer.body
}

function assertRefused(answer: Answer, sentence: string, status = 401) {
  assert.equal(answer.status, status, answer.text)
  assert.deepEqual(answer.body, { error: sentence })
}

test('a pair is an HS512 access token with guid, ip, jti and exp and a refresh token of 86 base64url characters', async () => {
  const pair = await issuePair(server)
  const header = JSON.parse(Buffer.from(pair.access_token.split('.')[0] ?? '', 'base64url').toString())
  assert.equal(header.alg, 'HS512')
  const claims = decodeClaims(pair.access_token)
  assert.equal(claims['guid'], JOHN)
  assert.equal(claims['ip'], '127.0.0.1')
  assert.match(String(claims['jti']), /^[0-9a-f-]{36}$/)
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 900)
  assert.match(pair.refresh_token, /^[\w-]{86}$/)
})

test('the database stores only a bcrypt hash of a pair’s refresh token', async () => {
  const { refresh_token } = await issuePair(server)
  const selector = Buffer.from(refresh_token, 'base64url').subarray(0, 20).toString('base64url')
  const rows = await server.rows<{ token_digest: string }>(
    sql`select token_digest from refresh_tokens where token = ${selector}`,
  )
  assert.match(rows[0]?.token_digest ?? '', /^\$2b\$04\$/)
})

test('a refresh returns a new pair and uses up both old halves; reuse ends the session and is audited and mailed', async () => {
  const user = await signUp(server)
  const first = await issuePair(server, user.guid)
  const second = expectPair(await refreshPair(server, first))
  assert.notEqual(second.access_token, first.access_token)
  assertRefused(await refreshPair(server, first), 'Refresh token already used')
  assertRefused(await refreshPair(server, first), 'Refresh token already used')
  assertRefused(await refreshPair(server, second), 'Invalid refresh token')
  const mails = await server.rows<{ kind: string }>(sql`select kind from outbox where user_id = ${user.id}`)
  assert.deepEqual(
    mails.map((mail) => mail.kind),
    ['refresh_token_reused'],
  )
})

test('mixed halves of two pairs are refused, and both pairs still work', async () => {
  const [one, two] = [await issuePair(server), await issuePair(server)]
  const mixed = { access_token: one.access_token, refresh_token: two.refresh_token }
  assertRefused(await refreshPair(server, mixed), 'Invalid refresh token')
  const laterOne = expectPair(await refreshPair(server, one))
  expectPair(await refreshPair(server, two))
  // An old access token with the new refresh token of the same session is also a mixed pair, and as harmless.
  assertRefused(await refreshPair(server, { ...laterOne, access_token: one.access_token }), 'Invalid refresh token')
  assertRefused(await refreshPair(server, { ...one, access_token: laterOne.access_token }), 'Invalid refresh token')
  expectPair(await refreshPair(server, laterOne))
})

test('the access token of a refreshed pair may have expired but must be genuine and belong to a pair', async () => {
  const pair = await issuePair(server)
  const login = await logInNewUser(server)
  const altered = pair.access_token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  for (const access_token of [altered, login.access_token, 'nonsense', `${pair.access_token}=`, pair.refresh_token]) {
    assertRefused(await refreshPair(server, { ...pair, access_token }), 'Invalid access token')
  }
  server.advanceClock({ seconds: 86_400 })
  expectPair(await refreshPair(server, pair))
})

test('a pair is still refreshed after a shorter lifetime was configured', async () => {
  const before = await startServer()
  const pair = await issuePair(before)
  const after = await startServer({ DATABASE_URL: before.databaseUrl, JWT_ACCESS_TOKEN_EXPIRATION: '60' })
  expectPair(await refreshPair(after, pair))
})

test('an altered refresh token, an unknown one and one of a login are refused', async () => {
  const pair = await issuePair(server)
  const login = await logInNewUser(server)
  const altered = pair.refresh_token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  for (const refresh_token of [altered, 'nonsense', login.refresh_token, pair.access_token]) {
    assertRefused(await refreshPair(server, { ...pair, refresh_token }), 'Invalid refresh token')
  }
  assert.equal((await refresh(server, pair.refresh_token)).status, 401)
  expectPair(await refreshPair(server, pair))
})

test('with an Idempotency-Key a lost answer can be repeated as long as the successor lives', async () => {
  const pair = await issuePair(server)
  const key = randomUUID()
  const second = expectPair(await refreshPair(server, pair, key))
  server.advanceClock({ seconds: 86_400 })
  const repeated = expectPair(await refreshPair(server, pair, key))
  assert.equal(repeated.refresh_token, second.refresh_token)
  assert.equal(decodeClaims(repeated.access_token)['jti'], decodeClaims(second.access_token)['jti'])
  expectPair(await refreshPair(server, repeated))
})

test('of fifty concurrent refreshes with one pair, one gets a new pair and the others "already used"', async () => {
  const pair = await issuePair(server)
  const answers = await Promise.all(Array.from({ length: 50 }, () => refreshPair(server, pair)))
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  for (const answer of answers) if (answer.status !== 200) assertRefused(answer, 'Refresh token already used')
})

test('fifty concurrent refreshes with one pair and one key get the same successor', async () => {
  const pair = await issuePair(server)
  const key = randomUUID()
  const answers = await Promise.all(Array.from({ length: 50 }, () => refreshPair(server, pair, key)))
  assert.equal(new Set(answers.map((answer) => expectPair(answer).refresh_token)).size, 1)
})

test('a user can hold several pairs, and logging one out leaves the others', async () => {
  const pairs = await Promise.all(Array.from({ length: 3 }, () => issuePair(server)))
  const [first, ...others] = pairs as [Tokens, ...Tokens[]]
  assert.equal((await logOut(server, first.refresh_token)).status, 200)
  assertRefused(await refreshPair(server, first), 'Invalid refresh token')
  for (const other of others) expectPair(await refreshPair(server, other))
})

test('an expired refresh token has its own refusal', async () => {
  const pair = await issuePair(server)
  server.advanceClock({ seconds: 604_800 })
  assertRefused(await refreshPair(server, pair), 'Refresh token expired')
})

test('a missing half has its own refusal, the access token first', async () => {
  const { access_token, refresh_token } = await issuePair(server)
  const cases: [unknown, string][] = [
    [{ auth: { refresh_token } }, 'Access token is missing'],
    [{ auth: { access_token: '', refresh_token } }, 'Access token is missing'],
    [{ auth: { access_token: 5, refresh_token } }, 'Access token is missing'],
    [{ auth: { access_token } }, 'Refresh token is missing'],
    [{ auth: { access_token, refresh_token: ['x'] } }, 'Refresh token is missing'],
    [{ auth: {} }, 'Access token is missing'],
    [{ auth: 'x' }, 'Access token is missing'],
    [{}, 'Access token is missing'],
    [[], 'Access token is missing'],
  ]
  for (const [body, sentence] of cases) assertRefused(await server.post('/auth/refresh', body), sentence, 422)
  expectPair(await refreshPair(server, { access_token, refresh_token }))
})

test('issuing a pair without a GUID is 422; for an unknown GUID or a disabled user it is 404', async () => {
  for (const body of [{}, { auth: {} }, { auth: { user_guid: ' ' } }, { auth: { user_guid: 7 } }, { auth: null }, []]) {
    assertRefused(await server.post('/auth/token', body), 'Missing GUID', 422)
  }
  const user = await signUp(server)
  const pair = await issuePair(server, user.guid.toUpperCase())
  await server.rows(sql`update users set disabled_at = ${new Date()} where id = ${user.id} returning id`)
  for (const user_guid of [randomUUID(), 'x', `${JOHN}0`, "' or 1=1", user.guid]) {
    assertRefused(await server.post('/auth/token', { auth: { user_guid } }), 'User not found', 404)
  }
  assertRefused(await refreshPair(server, pair), 'Invalid refresh token')
})

test('services need a key of SERVICE_KEYS to issue pairs, or get 401; with issuance off or no keys it is 404', async () => {
  const service = await startServer({ PAIR_ISSUANCE: 'service', SERVICE_KEYS: `${'k'.repeat(40)},second-key` })
  const ask = (headers: Record<string, string>) =>
    service.post('/auth/token', { auth: { user_guid: JOHN } }, { headers })
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: 'second-key' },
    { authorization: 'Basic second-key' },
  ]) {
    const answer = await ask(headers as Record<string, string>)
    assertRefused(answer, 'Unauthorized')
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
  assertRefused(await service.post('/auth/token', {}), 'Unauthorized')
  expectPair(await ask({ authorization: 'Bearer second-key' }))
  for (const settings of [{ PAIR_ISSUANCE: 'off' }, { PAIR_ISSUANCE: 'service' }]) {
    const off = await startServer(settings)
    assertRefused(await off.post('/auth/token', { auth: { user_guid: JOHN } }), 'Not found', 404)
  }
})

test('in demo mode pairs are issued to addresses in DEMO_FROM only', async () => {
  const elsewhere = await startServer({ DEMO_FROM: '192.0.2.0/24' })
  assertRefused(await elsewhere.post('/auth/token', { auth: { user_guid: JOHN } }), 'Unauthorized')
  const answer = await elsewhere.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' })
  assert.equal(answer.status, 401)
})
