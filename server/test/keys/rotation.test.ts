import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, jwtVerify } from 'jose'
import { rotateKey } from '../../src/auth/keys/change-keys.ts'
import {
  DAY,
  decodeHeader,
  HOUR,
  list,
  MINUTE,
  publishedKeys,
  startReplicas,
  states,
  verifyElsewhere,
} from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me, signUp } from '../support/users.ts'

const LIFETIME = 15 * MINUTE
const OPERATOR = { ip: null, userAgent: 'a test' }
const kidOf = (token: string) => decodeHeader(token)['kid']

async function rotate(server: TestServer, force = false) {
  return rotateKey(server.ctx, await list(server), { noticeSeconds: DAY, force, origin: OPERATOR })
}

test('the next key exists from the first moment, and is published for its whole period before it signs', async () => {
  const start = Date.now() // the clock stands still but for its advances, however slow the machine is
  const server = await startServer({ JWT_ALGORITHM: 'ES256' }, {}, () => start)
  const user = await signUp(server)
  const signed: string[] = []
  for (let period = 0; period < 4; period++) {
    const { keys } = await publishedKeys(server)
    const token = (await logIn(server, user.email)).access_token
    const kid = kidOf(token) ?? ''
    const next = keys.map((key) => key.kid ?? '').filter((each) => each !== kid && !signed.includes(each))
    assert.equal(next.length, 1, 'one key that has never signed is published')
    signed.push(kid)
    server.advanceClock({ seconds: 90 * DAY - 2 })
    assert.equal(kidOf((await logIn(server, user.email)).access_token), kid, 'to the end of its period')
    server.advanceClock({ seconds: 2 })
    await server.readSigningKeys()
    assert.equal(kidOf((await logIn(server, user.email)).access_token), next[0], 'the published key, and no other')
  }
  assert.equal(new Set(signed).size, 4)
})

test('a replaced key verifies until the last of its tokens has expired, and is published an hour longer', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'EdDSA' })
  const [server] = servers
  const { access_token: old } = await logInNewUser(server)
  clock.advance(2 * DAY)
  assert.equal((await rotate(server)).kind, 'done')
  await server.readSigningKeys()
  assert.deepEqual(await states(server), ['previous', 'current', 'next'])
  const isPublished = async () => (await publishedKeys(server)).keys.some(({ kid }) => kid === kidOf(old))
  clock.advance(LIFETIME + MINUTE - 5)
  assert.equal((await states(server))[0], 'previous')
  assert.ok(await isPublished())
  clock.advance(10)
  assert.equal((await states(server))[0], 'leaving')
  assert.ok(await isPublished())
  clock.advance(HOUR)
  assert.equal((await states(server))[0], 'gone')
  assert.equal(await isPublished(), false)
})

test('a rotation is refused while other services may not know the next key, unless it is forced', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'ES256' })
  const [server] = servers
  const before = await logInNewUser(server)
  assert.equal((await rotate(server)).kind, 'too_young')
  assert.deepEqual(await states(server), ['current', 'next'])
  clock.advance(DAY + 1)
  assert.equal((await rotate(server)).kind, 'done')
  await server.readSigningKeys()
  assert.equal((await rotate(server)).kind, 'too_young', 'the key after it is new')
  assert.equal((await rotate(server, true)).kind, 'done')
  await server.readSigningKeys()
  assert.deepEqual(await states(server), ['previous', 'previous', 'current', 'next'])
  const after = await logInNewUser(server)
  assert.notEqual(kidOf(before.access_token), kidOf(after.access_token))
})

test('two replicas that start at once, and that both find the next key missing, make one', async () => {
  const { clock, servers } = await startReplicas(2, { JWT_ALGORITHM: 'ES256' })
  assert.deepEqual(await states(servers[0]), ['current', 'next'])
  clock.advance(90 * DAY + 1)
  await Promise.all(servers.map((server) => server.readSigningKeys()))
  assert.deepEqual(await states(servers[0]), ['previous', 'current', 'next'])
})

test('a replica that was frozen through a rotation signs with a good key, and its tokens are accepted everywhere', async () => {
  const { clock, servers } = await startReplicas(2, { JWT_ALGORITHM: 'ES256' })
  const [awake, frozen] = servers as [TestServer, TestServer]
  const user = await signUp(awake)
  clock.advance(2 * DAY)
  await Promise.all(servers.map((server) => server.readSigningKeys()))
  const old = kidOf((await logIn(frozen, user.email)).access_token)
  const rotated = await rotate(awake)
  assert.ok(rotated.kind === 'done')
  await awake.readSigningKeys()
  assert.equal(kidOf((await logIn(awake, user.email)).access_token), rotated.kid)
  // Its copy of the keys is older than the rotation.
  const late = await logIn(frozen, user.email)
  assert.equal((await me(awake, late.access_token)).status, 200)
  await verifyElsewhere(awake, late.access_token)
  clock.advance(5 * MINUTE)
  const thawed = await logIn(frozen, user.email)
  assert.equal(kidOf(thawed.access_token), rotated.kid, 'it reads the keys before it signs with an old copy')
  assert.notEqual(kidOf(thawed.access_token), old)
  for (const server of servers) assert.equal((await me(server, late.access_token)).status, 200)
})

test('a restored backup of before a rotation can sign: time alone never leaves a server without a key', async () => {
  for (const days of [100, 1000]) {
    const server = await startServer({ JWT_ALGORITHM: 'ES256' })
    const first = await logInNewUser(server)
    await server.close()
    const later = () => Date.now() + days * DAY * 1000
    const restored = await startServer({ JWT_ALGORITHM: 'ES256', DATABASE_URL: server.databaseUrl }, {}, later)
    const again = await logIn(restored, first.user.email)
    await verifyElsewhere(restored, again.access_token)
    assert.equal((await me(restored, again.access_token)).status, 200)
    assert.deepEqual((await states(restored)).slice(1), ['current', 'next'])
  }
})

test('with KEY_ROTATION=off a key signs until an operator rotates, and turning it on again takes effect at a start', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'ES256', KEY_ROTATION: 'off' })
  const [server] = servers
  const first = await logInNewUser(server)
  clock.advance(1000 * DAY)
  assert.equal(kidOf((await logIn(server, first.user.email)).access_token), kidOf(first.access_token))
  const settings = { JWT_ALGORITHM: 'ES256', DATABASE_URL: server.databaseUrl }
  const on = await startServer({ ...settings, KEY_ROTATION: '1100d' }, {}, clock.now)
  clock.advance(99 * DAY)
  assert.equal(kidOf((await logIn(on, first.user.email)).access_token), kidOf(first.access_token))
  clock.advance(2 * DAY)
  assert.notEqual(kidOf((await logIn(on, first.user.email)).access_token), kidOf(first.access_token))
})

/** A cache between a verifier and the server, which serves what it has for an hour without asking. */
function hourlyCache(server: TestServer) {
  let kept: { at: number; text: string } | null = null
  return async () => {
    if (!kept || Date.now() - kept.at >= HOUR * 1000)
      kept = { at: Date.now(), text: (await server.get('/.well-known/jwks.json')).text }
    return new Response(kept.text, { headers: { 'content-type': 'application/json' } })
  }
}

/** A verifier that reads the keys every twelve hours, and never because a key is unknown. */
function halfDailyVerifier(server: TestServer) {
  let kept: { at: number; keys: JSONWebKeySet } | null = null
  return async (token: string) => {
    if (!kept || Date.now() - kept.at >= 12 * HOUR * 1000) kept = { at: Date.now(), keys: await publishedKeys(server) }
    await jwtVerify(token, createLocalJWKSet(kept.keys))
  }
}

test('foreign verifiers with their usual caches refuse no token through three rotations', async () => {
  const start = Date.now()
  mock.timers.enable({ apis: ['Date'], now: start })
  try {
    const server = await startServer({ JWT_ALGORITHM: 'ES256', SESSION_MAX_AGE: String(400 * DAY) })
    const user = await signUp(server)
    const url = new URL(`${server.url}/.well-known/jwks.json`)
    const direct = createRemoteJWKSet(url)
    const cached = createRemoteJWKSet(url, { [customFetch]: hourlyCache(server) })
    const halfDaily = halfDailyVerifier(server)
    const kids = new Set<string | undefined>()
    let recent: { at: number; token: string }[] = []
    let checks = 0
    const step = async (seconds: number) => {
      mock.timers.setTime(start + seconds * 1000)
      const { access_token: token } = await logIn(server, user.email)
      kids.add(kidOf(token))
      recent = [...recent.filter(({ at }) => at > seconds - LIFETIME), { at: seconds, token }]
      for (const living of recent) {
        await jwtVerify(living.token, direct)
        await jwtVerify(living.token, cached)
        await halfDaily(living.token)
        assert.equal((await me(server, living.token)).status, 200)
        checks++
      }
    }
    for (let rotation = 0; rotation < 3; rotation++) {
      const from = rotation * 90 * DAY
      for (let hours = 1; hours < 90 * 24 - 1; hours += 29) await step(from + hours * HOUR)
      for (let seconds = -5 * MINUTE; seconds <= 20 * MINUTE; seconds += 70) await step(from + 90 * DAY + seconds)
    }
    assert.equal(kids.size, 4, 'three rotations')
    assert.ok(checks > 500)
  } finally {
    mock.timers.reset()
  }
})
