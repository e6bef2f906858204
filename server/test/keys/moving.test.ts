import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import {
  DAY,
  decodeHeader,
  encode,
  HOUR,
  MINUTE,
  publishedKeys,
  sharedClock,
  states,
  verifyElsewhere,
} from '../support/keys.ts'
import { startServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, me, refresh, refreshPair } from '../support/users.ts'

const SECRET = 'the secret that services verify with before the move, and after it'
const LIFETIME = 15 * MINUTE

function signWithSecret(kid: string | undefined, claims: object): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
}

test('a move from HS256 to ES256 over two replicas logs no user out, and the verifiers know the key before it signs', async () => {
  const clock = sharedClock()
  const before = { JWT_SECRET_KEY: SECRET }
  const first = await startServer(before, {}, clock.now)
  const settings = { ...before, DATABASE_URL: first.databaseUrl }
  const second = await startServer(settings, {}, clock.now)
  const old = await logInNewUser(first)
  const pair = await issuePair(first, old.user.guid)
  assert.equal((await first.get('/.well-known/jwks.json')).status, 404)

  // 1. The key is published, and HS256 still signs.
  const added = await tesseraCli(first, before)('keys add --algorithm ES256')
  assert.equal(added.code, 0, added.output)
  clock.advance(2 * MINUTE)
  for (const server of [first, second]) {
    const { keys } = await publishedKeys(server)
    assert.deepEqual(
      keys.map(({ alg }) => alg),
      ['ES256'],
    )
    assert.equal(decodeHeader((await logIn(server, old.user.email)).access_token)['alg'], 'HS256')
  }
  const [published] = (await publishedKeys(second)).keys
  clock.advance(DAY)

  // 2. One replica signs with it, the other still with the secret; each accepts what the other signs.
  await first.close()
  const current = await logIn(second, old.user.email)
  const moved = await startServer({ ...settings, JWT_ALGORITHM: 'ES256' }, {}, clock.now)
  const next = await logIn(moved, old.user.email)
  assert.deepEqual(decodeHeader(next.access_token), { alg: 'ES256', typ: 'JWT', kid: published?.kid })
  await verifyElsewhere(second, next.access_token)
  for (const server of [moved, second])
    for (const { access_token } of [current, next]) assert.equal((await me(server, access_token)).status, 200)
  assert.equal((await refresh(moved, old.refresh_token)).status, 200)
  assert.equal((await refreshPair(moved, pair)).status, 200)
  await second.close()

  // 3. The secret signs logins no more, and after the life of its last token it is refused.
  clock.advance(LIFETIME - MINUTE)
  assert.equal((await me(moved, current.access_token)).status, 200)
  clock.advance(2 * MINUTE + 5)
  const { kid } = decodeHeader(current.access_token)
  const iat = Math.floor(clock.now() / 1000)
  const forged = signWithSecret(kid, { ...decodeClaims(next.access_token), iat, exp: iat + LIFETIME })
  assert.equal((await me(moved, forged)).status, 401, 'a holder of the secret signs logins no more')
  assert.equal((await refresh(moved, current.refresh_token)).status, 200)
})

test('until the life of its last token is over, a login of the secret is accepted, and a pair always is', async () => {
  const clock = sharedClock()
  const first = await startServer({ JWT_SECRET_KEY: SECRET }, {}, clock.now)
  const login = await logInNewUser(first)
  await first.close()
  const settings = { JWT_SECRET_KEY: SECRET, DATABASE_URL: first.databaseUrl }
  const moved = await startServer({ ...settings, JWT_ALGORITHM: 'EdDSA' }, {}, clock.now)
  assert.equal((await me(moved, login.access_token)).status, 200)
  clock.advance(29 * DAY)
  const pair = await issuePair(moved, login.user.guid)
  assert.equal(decodeHeader(pair.access_token)['alg'], 'HS512')
  assert.equal((await me(moved, pair.access_token)).status, 200)
  clock.advance(6 * DAY)
  assert.equal((await refreshPair(moved, pair)).status, 200, 'its access half expired long ago')
})

test('a way back to HS256, and to another algorithm, accepts the tokens of before until they expire', async () => {
  const clock = sharedClock()
  let server = await startServer({ JWT_SECRET_KEY: SECRET, JWT_ALGORITHM: 'ES256' }, {}, clock.now)
  let last = await logInNewUser(server)
  for (const algorithm of ['HS256', 'RS256', 'ES256', 'HS256']) {
    await server.close()
    const settings = { JWT_SECRET_KEY: SECRET, DATABASE_URL: server.databaseUrl, JWT_ALGORITHM: algorithm }
    server = await startServer(settings, {}, clock.now)
    assert.equal((await me(server, last.access_token)).status, 200, algorithm)
    const next = await logIn(server, last.user.email)
    assert.equal(decodeHeader(next.access_token)['alg'], algorithm)
    assert.equal((await me(server, next.access_token)).status, 200)
    if (algorithm !== 'HS256') await verifyElsewhere(server, next.access_token)
    const old = decodeHeader(last.access_token)
    clock.advance(2 * MINUTE)
    assert.equal((await me(server, last.access_token)).status, 200)
    clock.advance(2 * HOUR)
    await server.readSigningKeys()
    if (old['alg'] !== 'HS256') {
      const published = await server.get('/.well-known/jwks.json')
      const kids = published.status === 404 ? [] : published.body.keys.map(({ kid }: { kid: string }) => kid)
      assert.ok(!kids.includes(old['kid']), `${old['alg']} has left`)
    }
    last = { ...(await logIn(server, last.user.email)), user: last.user }
  }
})

test('a key that is added again after a way back waits for its algorithm, which begins with it', async () => {
  const clock = sharedClock()
  const secrets = { JWT_SECRET_KEY: SECRET }
  const first = await startServer({ ...secrets, JWT_ALGORITHM: 'ES256' }, {}, clock.now)
  const { user } = await logInNewUser(first)
  await first.close()
  const settings = { ...secrets, DATABASE_URL: first.databaseUrl }
  const back = await startServer(settings, {}, clock.now)
  clock.advance(DAY)
  const { code, output } = await tesseraCli(back, secrets)('keys add --algorithm ES256')
  assert.equal(code, 0, output)
  await back.close()
  const again = await startServer({ ...settings, JWT_ALGORITHM: 'ES256' }, {}, clock.now)
  const { access_token } = await logIn(again, user.email)
  assert.match(output, new RegExp(`Added ${decodeHeader(access_token)['kid']}`))
  assert.deepEqual(await states(again), ['gone', 'gone', 'current', 'next'])
})

test('issuer and audience stand in tokens of a key pair, and a foreign verifier can require both', async () => {
  const server = await startServer({
    JWT_ALGORITHM: 'ES256',
    PUBLIC_URL: 'https://auth.example.com',
    JWT_AUDIENCE: 'orders',
  })
  const { access_token } = await logInNewUser(server)
  const { payload } = await verifyElsewhere(server, access_token)
  assert.deepEqual([payload.iss, payload.aud], ['https://auth.example.com', 'orders'])
  const { createLocalJWKSet } = await import('jose')
  const keys = createLocalJWKSet(await publishedKeys(server))
  await jwtVerify(access_token, keys, { issuer: 'https://auth.example.com', audience: 'orders' })
  await assert.rejects(jwtVerify(access_token, keys, { audience: 'billing' }))
})
