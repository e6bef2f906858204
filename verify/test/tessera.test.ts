import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retireKey } from '../../server/src/auth/keys/change-keys.ts'
import { DAY, decodeHeader, list } from '../../server/test/support/keys.ts'
import { send, startServer, type TestServer } from '../../server/test/support/server.ts'
import { issuePair, logInNewUser, logOut, refresh } from '../../server/test/support/users.ts'
import { createVerifier, type RevocationOptions } from '../src/create-verifier.ts'
import { apps } from './support/apps.ts'
import { assertRefused, until, untilRefused } from './support/refusal.ts'

const SECRET = 'the secret that Tessera shares with the services that verify its tokens'
const SERVICE_KEY = 'd3ad'.repeat(16)
const SETTINGS = { JWT_SECRET_KEY: SECRET, JWT_AUDIENCE: 'orders' }

const ES256 = { ...SETTINGS, JWT_ALGORITHM: 'ES256', SERVICE_KEYS: `api:revocations:${SERVICE_KEY}` }

function follow(server: TestServer, revocations: RevocationOptions = {}) {
  const url = `${server.url}/.well-known/revocations`
  return createVerifier({
    jwksUrl: `${server.url}/.well-known/jwks.json`,
    audience: 'orders',
    revocations: { url, ...revocations },
  })
}

for (const [name, start] of Object.entries(apps)) {
  test(`${name}: a logout at Tessera is a 401 here, with polls, with a held question, and within requests`, async () => {
    const server = await startServer(ES256)
    for (const options of [{}, { serviceKey: SERVICE_KEY }, { mode: 'onDemand' as const }]) {
      const verifier = follow(server, { whenStale: 'reject', ...options })
      const url = await start(verifier)
      const get = (bearer: string) => send(`${url}/orders`, { method: 'GET' }, { bearer })
      const [leaving, staying] = [await logInNewUser(server), await logInNewUser(server)]
      for (const { access_token } of [leaving, staying]) assert.equal((await get(access_token)).status, 200)
      assert.equal((await logOut(server, leaving.refresh_token)).status, 200)
      await until(async () => (await get(leaving.access_token)).status === 401)
      assert.equal((await get(staying.access_token)).status, 200)
      verifier.close()
    }
  })
}

test('with the secret alone, logouts of logins and of pairs are heard of', async () => {
  const server = await startServer(SETTINGS)
  const url = `${server.url}/.well-known/revocations`
  const verifier = createVerifier({ secret: SECRET, revocations: { url, whenStale: 'reject' } })
  const login = await logInNewUser(server)
  const pair = await issuePair(server)
  await verifier.verify(login.access_token)
  await verifier.verify(pair.access_token)
  await logOut(server, login.refresh_token)
  await untilRefused(verifier, login.access_token, 'ended')
  await verifier.verify(pair.access_token)
  verifier.close()
})

test('a verifier that is started again knows what ended while it was away', async () => {
  const server = await startServer(ES256)
  const logins = [await logInNewUser(server), await logInNewUser(server), await logInNewUser(server)]
  const first = follow(server)
  for (const { access_token } of logins) await first.verify(access_token)
  first.close()
  for (const { refresh_token } of logins.slice(1)) await logOut(server, refresh_token)
  const status = async () => (await server.get('/.well-known/revocations')).status
  assert.equal(await status(), 200)
  const second = follow(server, { serviceKey: SERVICE_KEY, whenStale: 'reject' })
  for (const { access_token } of logins.slice(1)) await untilRefused(second, access_token, 'ended')
  await second.verify(logins[0]?.access_token ?? '')
  second.close()
  const third = follow(server, { mode: 'onDemand', whenStale: 'reject' })
  for (const { access_token } of logins.slice(1)) await assertRefused(third, access_token, 'ended')
})

test('a key that Tessera refuses is refused here, and the next one verifies', async () => {
  const server = await startServer(ES256)
  const login = await logInNewUser(server)
  const verifier = follow(server, { serviceKey: SERVICE_KEY })
  await verifier.verify(login.access_token)
  const kid = decodeHeader(login.access_token)['kid'] ?? ''
  const options = { refuses: true, noticeSeconds: DAY, origin: { ip: null, userAgent: 'a test' } }
  assert.equal((await retireKey(server.ctx, await list(server), kid, options)).kind, 'done')
  await until(async () => {
    const refused = await verifier.verify(login.access_token).then(
      () => null,
      ({ code }) => code,
    )
    return refused === 'ended' || refused === 'malformed' // it may be published no more
  })
  const next = await refresh(server, login.refresh_token)
  await verifier.verify(next.body.access_token)
  verifier.close()
})
