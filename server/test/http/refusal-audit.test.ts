import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const SETTINGS = { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1', COOKIE_MODE: 'on' }
const SERVICE_KEY = '3f9a1c5e7b2d4860a1b3c5d7e9f00112233445566778899aabbccddeeff00112'

/** Reads the events, of which no request waits for its own. */
async function events(server: TestServer, expected: number) {
  for (;;) {
    const found = await readEvents(server)
    if (found.length >= expected) return found
    await setImmediate()
  }
}

const readEvents = (server: TestServer) =>
  server.rows<{ kind: string; ip: string; details: string }>(sql`
    select kind, ip, details from audit_events
    where kind in ('limit_reached', 'service_key_refused', 'cross_site_refused') order by kind desc`)

const from = (ip: string, headers: Record<string, string> = {}) => ({ headers: { 'x-forwarded-for': ip, ...headers } })

test('a limit that is reached, a wrong service key and a request of another site are audited, without the key', async () => {
  const server = await startServer({ ...SETTINGS, PAIR_ISSUANCE: 'service', SERVICE_KEYS: SERVICE_KEY })
  const { email } = await signUp(server)
  const ip = '203.0.113.7'
  for (let n = 0; n < 12; n++)
    await server.post('/api/v1/auth/login', { email, password: 'x', cookie: false }, from(ip))
  const wrong = from(ip, { authorization: 'Bearer wrong-service-key' })
  const pair = { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } }
  for (let n = 0; n < 3; n++) assert.equal((await server.post('/auth/token', pair, wrong)).status, 401)
  await server.post('/auth/token', pair, from('198.51.100.1'))
  const evil = from(ip, {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    cookie: '__Host-tessera_refresh=x',
  })
  assert.equal((await server.post('/api/v1/auth/refresh', {}, evil)).status, 403)
  const found = await events(server, 3)
  assert.deepEqual(
    found.map(({ kind, ip: of }) => [kind, of]),
    [
      ['service_key_refused', ip],
      ['limit_reached', ip],
      ['cross_site_refused', ip],
    ],
  )
  assert.match(found[1]?.details ?? '', /failed logins of the account from the network/)
  assert.doesNotMatch(JSON.stringify(found), /wrong-service-key/)
})

test('refusals are audited once per kind, network and hour, and at most a hundred times an hour', async () => {
  const server = await startServer({ ...SETTINGS, PAIR_ISSUANCE: 'service', SERVICE_KEYS: SERVICE_KEY })
  const pair = { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } }
  const attack = async () => {
    for (let n = 0; n < 110; n++)
      await server.post('/auth/token', pair, from(`198.51.100.${n}`, { authorization: 'Bearer wrong' }))
  }
  await attack()
  await attack()
  assert.equal((await events(server, 100)).length, 100)
  server.advanceClock({ seconds: 3600 })
  await server.post('/auth/token', pair, from('198.51.100.1', { authorization: 'Bearer wrong' }))
  await server.post('/auth/token', pair, from('198.51.100.1', { authorization: 'Bearer wrong' }))
  assert.equal((await events(server, 101)).length, 101)
})
