import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retireKey, rotateKey } from '../../server/src/auth/keys/change-keys.ts'
import { DAY, decodeHeader, list, startReplicas } from '../../server/test/support/keys.ts'
import { send, type TestServer } from '../../server/test/support/server.ts'
import { logIn, logInNewUser } from '../../server/test/support/users.ts'
import { createVerifier } from '../src/create-verifier.ts'
import { apps } from './support/apps.ts'
import { createKey, startIssuer } from './support/issuer.ts'
import { assertRefused, untilRefused } from './support/refusal.ts'

const SETTINGS = { JWT_ALGORITHM: 'ES256', JWT_AUDIENCE: 'orders' }
const origin = { ip: null, userAgent: 'a test' }
const kidOf = (token: string) => decodeHeader(token)['kid'] ?? ''

async function rotate(server: TestServer): Promise<void> {
  const outcome = await rotateKey(server.ctx, await list(server), { noticeSeconds: DAY, force: false, origin })
  assert.equal(outcome.kind, 'done')
  await server.readSigningKeys()
}

for (const [name, start] of Object.entries(apps)) {
  test(`${name}: three rotations refuse no token`, async () => {
    const { clock, servers } = await startReplicas(1, SETTINGS)
    const [server] = servers
    const { user } = await logInNewUser(server)
    const jwksUrl = `${server.url}/.well-known/jwks.json`
    const url = await start(createVerifier({ jwksUrl, audience: 'orders', now: clock.now }))
    const get = (bearer: string) => send(`${url}/orders`, { method: 'GET' }, { bearer })
    const kids = new Set<string>()
    for (let rotation = 0; rotation < 4; rotation++) {
      const before = (await logIn(server, user.email)).access_token
      kids.add(kidOf(before))
      assert.equal((await get(before)).status, 200)
      clock.advance(DAY + 1)
      const last = (await logIn(server, user.email)).access_token
      await rotate(server)
      const first = (await logIn(server, user.email)).access_token
      assert.notEqual(kidOf(first), kidOf(last))
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(index % 2 ? first : last)))
      for (const { status, text } of answers) assert.equal(status, 200, text)
    }
    assert.equal(kids.size, 4)
  })
}

test('a verifier that read the keys just now finds a key that signs without notice after its cool-down', async () => {
  let shift = 0
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, now: () => Date.now() + shift })
  await verifier.verify(await issuer.sign())
  const next = await createKey()
  issuer.keys = [next]
  issuer.published.push(next.jwk)
  await assertRefused(verifier, await issuer.sign(), 'malformed')
  assert.equal(issuer.requests.length, 1, 'a flood of unknown keys asks nothing')
  shift = 30_000
  await verifier.verify(await issuer.sign())
  assert.equal(issuer.requests.length, 2)
})

test('a flood of unknown keys reads the keys at most every thirty seconds, and when they cannot be read each second', async () => {
  let shift = 0
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, now: () => 1_800_000_000_000 + shift })
  const foreign = await createKey()
  const token = (index: number) =>
    issuer.sign({ exp: 1_900_000_000, iat: 1_800_000_000 }, { kid: `unknown ${index}` }, foreign)
  for (let index = 0; index < 200; index++) await assertRefused(verifier, await token(index), 'malformed')
  assert.equal(issuer.requests.length, 1)
  shift += 30_000
  for (let index = 0; index < 200; index++) await assertRefused(verifier, await token(index), 'malformed')
  assert.equal(issuer.requests.length, 2)
  issuer.broken['/.well-known/jwks.json'] = (response) => response.destroy()
  shift += 30_000
  for (let index = 0; index < 200; index++) await assertRefused(verifier, await token(index), 'unavailable')
  assert.equal(issuer.requests.length, 3)
})

test('an issuer that is away for a day stops no token that its last keys verify', async () => {
  let shift = 0
  const issuer = await startIssuer()
  const now = () => Date.now() + shift
  const verifier = createVerifier({ issuer: issuer.url, now })
  const sign = () => issuer.sign({ iat: Math.floor(now() / 1000), exp: Math.floor(now() / 1000) + 900 })
  await verifier.verify(await sign())
  for (const answer of [503, 404, 302, 200]) {
    issuer.broken['/.well-known/jwks.json'] = (response) => response.writeHead(answer).end('{"keys":[]}')
    shift += 5 * 3_600_000
    await verifier.verify(await sign())
  }
  shift += 5 * 3_600_000
  await assertRefused(verifier, await sign(), 'unavailable')
  delete issuer.broken['/.well-known/jwks.json']
  shift += 1000
  await verifier.verify(await sign())
})

test('a token seen before is forgotten when its key is published no more', async () => {
  const { clock, servers } = await startReplicas(1, SETTINGS)
  const [server] = servers
  const login = await logInNewUser(server)
  const verifier = createVerifier({ jwksUrl: `${server.url}/.well-known/jwks.json`, now: clock.now })
  await verifier.verify(login.access_token)
  const options = { refuses: true, noticeSeconds: DAY, origin }
  assert.equal((await retireKey(server.ctx, await list(server), kidOf(login.access_token), options)).kind, 'done')
  await server.readSigningKeys()
  clock.advance(301)
  await verifier.verify(login.access_token).catch(() => {}) // lets the keys be read again
  await untilRefused(verifier, login.access_token, 'malformed')
})
