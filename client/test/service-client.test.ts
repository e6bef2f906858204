import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { decodeClaims, me, signUp } from '../../server/test/support/users.ts'
import { createServiceClient, type ServiceClient } from '../src/client.ts'
import { patientFetch, startGateway } from './support/gateway.ts'

const serviceKey = '0123456789abcdef'.repeat(4)
const gateway = await startGateway({ PAIR_ISSUANCE: 'service', SERVICE_KEYS: serviceKey })

async function start(changes: { serviceKey?: string; userGuid?: string } = {}) {
  const { guid, email } = await signUp(gateway.server)
  const client = createServiceClient({ url: gateway.url, serviceKey, userGuid: guid, fetch: patientFetch, ...changes })
  return { client, guid, email }
}

async function read(client: ServiceClient): Promise<string> {
  const answer = await client.fetch(`${gateway.url}/api/v1/auth/me`)
  return ((await answer.json()) as { user: { email: string } }).user.email
}

test('a service acts for a user, and its pair survives expiry, lost answers and outages', async (t) => {
  const { client, email } = await start()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const first = await client.accessToken()
  assert.equal(await read(client), email)
  for (const fault of ['lost', 'refused', 'unavailable'] as const) {
    gateway.expireAccessTokens()
    t.mock.timers.setTime(Date.now() + 16_000) // the rest after a request that was given up
    let faults = 1
    gateway.fault = (path) => (path === '/auth/refresh' && faults-- > 0 ? fault : undefined)
    const token = await Promise.all(Array.from({ length: 5 }, () => read(client)))
    assert.deepEqual(new Set(token), new Set([email]), fault)
  }
  gateway.fault = () => undefined
  assert.equal(decodeClaims(await client.accessToken())['sid'], decodeClaims(first)['sid'], 'one session all the time')
  assert.deepEqual(await gateway.server.rows(sql`select id from audit_events where kind = 'refresh_token_reused'`), [])
})

test('a pair that was ended is issued anew', async () => {
  const { client, email } = await start()
  const token = await client.accessToken()
  await gateway.server.delete('/api/v1/auth/sessions?current=true', { bearer: token })
  assert.equal(await read(client), email)
  assert.equal((await me(gateway.server, await client.accessToken())).status, 200)
})

test('a wrong key and an unknown user are errors with a code', async () => {
  await assert.rejects((await start({ serviceKey: 'wrong' })).client.accessToken(), { code: 'unauthorized' })
  const unknown = '00000000-0000-4000-8000-000000000000'
  await assert.rejects((await start({ userGuid: unknown })).client.accessToken(), { code: 'not_found' })
})
