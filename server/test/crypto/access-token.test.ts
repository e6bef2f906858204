import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, logOut, me, refreshPair, signUp } from '../support/users.ts'

const SECRET = 'a secret that another service shares with this server: 64 bytes or more'
const server = await startServer({ JWT_SECRET_KEY: SECRET })
const MISSING = { error: { message: 'Missing or invalid token', details: {} } }

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

function sign(header: object, claims: unknown, secret = SECRET, hash = 'sha256'): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

async function assertRefused(token: string, why: string, challenge = 'Bearer error="invalid_token"') {
  const answer = await me(server, token)
  assert.equal(answer.status, 401, why)
  assert.deepEqual(answer.body, MISSING)
  assert.equal(answer.headers.get('www-authenticate'), challenge, why)
}

async function parts() {
  const { access_token, user } = await logInNewUser(server)
  const header = JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString())
  return { header, claims: decodeClaims(access_token), token: access_token, user }
}

test('another service can verify an access token with the shared secret and any JWT library', async () => {
  const { token, header, claims } = await parts()
  const [head, body, signature] = token.split('.')
  assert.equal(createHmac('sha256', SECRET).update(`${head}.${body}`).digest('base64url'), signature)
  assert.equal(header.alg, 'HS256')
  assert.equal(header.typ, 'JWT')
  assert.deepEqual(Object.keys(claims).sort(), ['amr', 'auth_time', 'exp', 'iat', 'jti', 'role', 'sid', 'sub', 'ver'])
  const pair = await issuePair(server)
  const [pairHead, pairBody, pairSignature] = pair.access_token.split('.')
  assert.equal(createHmac('sha512', SECRET).update(`${pairHead}.${pairBody}`).digest('base64url'), pairSignature)
})

test('the helper of the tests below signs tokens that the server accepts', async () => {
  const { header, claims } = await parts()
  assert.equal((await me(server, sign(header, claims))).status, 200)
})

test('an access token lives exactly 900 seconds', async () => {
  const server = await startServer()
  const { access_token } = await logInNewUser(server)
  const { iat, exp } = decodeClaims(access_token) as { iat: number; exp: number }
  assert.equal(exp - iat, 900)
  server.advanceClock({ seconds: 898 })
  assert.equal((await me(server, access_token)).status, 200)
  server.advanceClock({ seconds: 2 })
  assert.equal((await me(server, access_token)).status, 401)
})

test('other algorithms, keys and token types are refused (RFC 8725)', async () => {
  const { header, claims, token } = await parts()
  const [, body, signature] = token.split('.')
  const cases: [string, string][] = [
    [`${encode({ ...header, alg: 'none' })}.${body}.`, 'none'],
    [`${encode({ ...header, alg: 'none' })}.${body}.${signature}`, 'none with a signature'],
    [sign({ ...header, alg: 'HS384' }, claims, SECRET, 'sha384'), 'HS384'],
    [sign({ ...header, alg: 'HS512' }, claims, SECRET, 'sha512'), "the pair's algorithm"],
    [sign({ ...header, alg: 'hs256' }, claims), 'lower case'],
    [sign({ ...header, alg: { toString: 1 } }, claims), 'an object for an algorithm'],
    [sign(header, claims, 'another secret'), 'another secret'],
    [sign(header, claims, ''), 'no secret'],
    [sign({ ...header, kid: undefined }, claims), 'no kid'],
    [sign({ ...header, kid: 'unknown' }, claims), 'unknown kid'],
    [sign({ ...header, kid: '../../etc/passwd' }, claims), 'a path for a kid'],
    [sign({ ...header, kid: [header.kid] }, claims), 'an array for a kid'],
    [sign({ ...header, typ: 'dpop+jwt' }, claims), 'typ dpop+jwt'],
    [sign({ ...header, typ: undefined }, claims), 'no typ'],
    [sign({ ...header, crit: ['x'], x: 1 }, claims), 'critical extension'],
    [sign({ ...header, jwk: { kty: 'oct', k: encode('x') } }, claims, 'x'), 'embedded key'],
    [sign(header, 'null'), 'claims null'],
    [sign(header, '[]'), 'claims an array'],
    [sign(header, '"text"'), 'claims a text'],
    ['..', 'empty parts'],
    ['a.b', 'two parts'],
    [`${token}.x`, 'four parts'],
  ]
  for (const [forged, why] of cases) await assertRefused(forged, why)
})

test('each claim must be present, of the right type and within its bounds', async () => {
  const { header, claims } = await parts()
  const now = Math.floor(Date.now() / 1000)
  const changes: Record<string, unknown>[] = [
    ...['sub', 'sid', 'jti', 'role', 'iat', 'exp'].map((name) => ({ [name]: undefined })),
    { exp: String(claims['exp']) },
    { exp: 1e300 },
    { exp: now + 901, iat: now },
    { exp: now },
    { exp: -1 },
    { iat: now + 120, exp: now + 900 },
    { iat: 0.5 },
    { iat: null },
    { sub: 5 },
    { sub: randomUUID() },
    { sub: '' },
    { sid: randomUUID() },
    { sid: "x' or 1=1" },
    { sid: {} },
    { jti: 7 },
  ]
  for (const change of changes) await assertRefused(sign(header, { ...claims, ...change }), JSON.stringify(change))
})

test('the algorithm must match the session: a login token for a pair session is refused, and vice versa', async () => {
  const { header, claims } = await parts()
  const pair = decodeClaims((await issuePair(server)).access_token)
  const { sub, sid } = pair
  await assertRefused(sign(header, { ...claims, sub, sid }), 'HS256 for a pair session')
  const forged = sign(
    { ...header, alg: 'HS512' },
    { ...pair, sid: claims['sid'], sub: claims['sub'], guid: claims['sub'] },
    SECRET,
    'sha512',
  )
  await assertRefused(forged, 'HS512 for a login session')
})

test('an access token of a pair is refused unless it has all claims of a pair', async () => {
  const { access_token } = await issuePair(server)
  const header = JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString())
  const signed = (change: object) => sign(header, { ...decodeClaims(access_token), ...change }, SECRET, 'sha512')
  assert.equal((await me(server, signed({}))).status, 200)
  const changes = [
    { guid: randomUUID() },
    { guid: undefined },
    { ip: 5 },
    { gen: undefined },
    { gen: '0' },
    { gen: 0.5 },
  ]
  for (const change of changes) await assertRefused(signed(change), JSON.stringify(change))
  await assertRefused(signed({ role: 'x'.repeat(4000) }), 'longer than any that Tessera issues')
})

test('a token is accepted in its canonical form only', async () => {
  const { token } = await parts()
  const last = token.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? ''
  await assertRefused(token.slice(0, -1) + twin, 'another last character that decodes to the same bytes')
  for (const other of [`${token}=`, `${token} x`]) {
    assert.equal((await me(server, other)).status, 401, other)
  }
})

test('a request without a bearer token gets a challenge without an error code, also with another scheme', async () => {
  const answers = [
    await server.get('/api/v1/auth/me'),
    await server.get('/api/v1/auth/me', { headers: { authorization: 'Basic YTpi' } }),
    await server.get('/api/v1/auth/me', { headers: { authorization: 'Bearer' } }),
  ]
  for (const answer of answers) {
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.body, MISSING)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
  const { access_token } = await logInNewUser(server)
  const lower = await server.get('/api/v1/auth/me', { headers: { authorization: `bearer ${access_token}` } })
  assert.equal(lower.status, 200)
})

test('a refresh token is refused as a bearer token, and an access token as a refresh token', async () => {
  const { access_token, refresh_token } = await logInNewUser(server)
  await assertRefused(refresh_token, 'refresh token')
  assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token: access_token })).status, 401)
})

test('/me accepts access tokens of logins and pairs, and sees a logout, a disabled or deleted user and a changed role at once', async () => {
  const user = await signUp(server)
  const pair = await issuePair(server, user.guid)
  assert.equal((await me(server, pair.access_token)).body.user.id, user.id)
  const login = await logIn(server, user.email)
  await server.rows(sql`update users set role = ${'admin'} where id = ${user.id} returning id`)
  assert.equal((await me(server, login.access_token)).body.user.role, 'admin')

  assert.equal((await logOut(server, login.refresh_token)).status, 200)
  await assertRefused(login.access_token, 'logged out')
  assert.equal((await me(server, pair.access_token)).status, 200)
  await refreshPair(server, pair)
  await refreshPair(server, pair)
  await assertRefused(pair.access_token, 'ended by reuse')

  const again = await logIn(server, user.email)
  await server.rows(sql`update users set disabled_at = ${new Date()} where id = ${user.id} returning id`)
  await assertRefused(again.access_token, 'disabled')
  await server.rows(sql`delete from users where id = ${user.id} returning id`)
  await assertRefused(again.access_token, 'deleted')
})

test('keys in JWT_PREVIOUS_SECRET_KEYS verify tokens and never sign them', async () => {
  const old = await logInNewUser(server)
  const next = await startServer({
    DATABASE_URL: server.databaseUrl,
    JWT_SECRET_KEY: 'the next secret',
    JWT_PREVIOUS_SECRET_KEYS: `first,${SECRET}`,
  })
  assert.equal((await me(next, old.access_token)).status, 200)
  const { access_token } = await logInNewUser(next)
  const [head, body, signature] = access_token.split('.')
  assert.equal(createHmac('sha256', 'the next secret').update(`${head}.${body}`).digest('base64url'), signature)
})

test('issuer and audience are in the tokens of logins and pairs when they are set, and Tessera judges neither', async () => {
  const addressed = await startServer({
    DATABASE_URL: server.databaseUrl,
    JWT_SECRET_KEY: SECRET,
    JWT_ISSUER: 'https://auth.example.com',
    JWT_AUDIENCE: 'orders, billing',
  })
  const { access_token } = await logInNewUser(addressed)
  const pair = await issuePair(addressed)
  for (const token of [access_token, pair.access_token]) {
    const { iss, aud } = decodeClaims(token)
    assert.deepEqual([iss, aud], ['https://auth.example.com', ['orders', 'billing']])
    assert.equal((await me(server, token)).status, 200)
  }
  const one = await startServer({ JWT_AUDIENCE: 'orders' })
  assert.equal(decodeClaims((await logInNewUser(one)).access_token)['aud'], 'orders')
  const { claims, header } = await parts()
  for (const [iss, aud] of [
    ['elsewhere', 'others'],
    [['x'], 7],
  ])
    assert.equal((await me(server, sign(header, { ...claims, iss, aud }))).status, 200)
})

test('tokens of the former type at+jwt are accepted, and other types are not', async () => {
  const { claims, header } = await parts()
  assert.equal((await me(server, sign({ ...header, typ: 'at+jwt' }, claims))).status, 200)
  for (const typ of ['jwt+at', 'refresh+jwt', '', null, ['JWT']])
    await assertRefused(sign({ ...header, typ }, claims), `typ ${typ}`)
})
