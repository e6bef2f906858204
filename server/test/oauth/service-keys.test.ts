import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import sql from 'sql-template-tag'
import { readConfig } from '../../src/config/reading/config.ts'
import { startServer } from '../support/server.ts'
import { JOHN } from '../support/users.ts'

const BILLING = 'b1f0a7c52e9d4836a4c1e7d2905b8f63'
const ORDERS = 'd40c93e7f5a1482b9e6d17c8a2530bf4'
const SERVICE_KEYS = `billing:pairs:${BILLING},orders:introspect+metrics:${ORDERS},a-key-alone`

const server = await startServer({ PAIR_ISSUANCE: 'service', SERVICE_KEYS })
const askForPair = (bearer: string) => server.post('/auth/token', { auth: { user_guid: JOHN } }, { bearer })

async function auditOf(kind: string) {
  for (;;) {
    const rows = await server.rows<{ details: string }>(sql`
      select details from audit_events where kind = ${kind} order by id`)
    if (rows.length > 0) return rows.map(({ details }) => JSON.parse(details))
    await setImmediate()
  }
}

test('a service key opens the endpoints of its scopes only, and a key alone issues pairs as before', async () => {
  assert.equal((await askForPair(BILLING)).status, 200)
  assert.equal((await askForPair('a-key-alone')).status, 200)
  const refused = await askForPair(ORDERS)
  assert.deepEqual([refused.status, refused.body], [403, { error: 'The service key lacks the scope pairs' }])
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="insufficient_scope", scope="pairs"')
  for (const bearer of [`billing:pairs:${BILLING}`, 'billing', `${BILLING}x`, BILLING.slice(1)])
    assert.equal((await askForPair(bearer)).status, 401, bearer)
})

test('the audit and the log name the service that acted or lacked a scope, and never its key', async () => {
  const opened = await auditOf('pair_issued')
  assert.equal(opened[0].service, 'billing')
  assert.equal('service' in opened[1], false, 'a key alone has no name')
  assert.deepEqual((await auditOf('service_key_refused'))[0], { scope: 'pairs', service: 'orders' })
  const [first, , third] = server.logs.filter(({ path }) => path === '/auth/token')
  assert.deepEqual([first?.['service'], third?.['service']], ['billing', 'orders'])
  const written = JSON.stringify([server.logs, await server.rows(sql`select details from audit_events`)])
  for (const key of [BILLING, ORDERS, 'a-key-alone']) assert.doesNotMatch(written, new RegExp(key))
})

test('entries of SERVICE_KEYS are read with their names and scopes; a key alone may issue pairs and introspect', () => {
  const { secrets } = readConfig({ SERVICE_KEYS: `one,billing:pairs:two=,\n orders:metrics+claims:three` })
  assert.deepEqual(secrets.serviceKeys, [
    { name: null, scopes: ['pairs', 'introspect'], key: 'one' },
    { name: 'billing', scopes: ['pairs'], key: 'two=' },
    { name: 'orders', scopes: ['claims', 'metrics'], key: 'three' },
  ])
  const whileOneReplacesTheOther = readConfig({ SERVICE_KEYS: 'orders:introspect:old,orders:introspect:new' })
  assert.equal(whileOneReplacesTheOther.secrets.serviceKeys.length, 2)
})

test('an entry of SERVICE_KEYS that cannot be meant stops the start with a sentence that repeats no part of it', () => {
  const key = 'c7a1e95d20f84b36'
  const entries: [string, RegExp][] = [
    [`orders:${key}`, /^SERVICE_KEYS: entry 1 must be name:scopes:key, or a key alone, which has no colon\.$/],
    [`good,a:b:pairs:${key}`, /^SERVICE_KEYS: entry 2 must be name:scopes:key/],
    [`orders:pairs:`, /entry 1 has a key that no Authorization: Bearer header can carry/],
    [`orders:pairs:${key}@`, /entry 1 has a key that no Authorization: Bearer header can carry/],
    [`:pairs:${key}`, /entry 1 must begin with the name of a service/],
    [`my orders:pairs:${key}`, /entry 1 must begin with the name of a service/],
    [`${key}${key}${key}:pairs:orders`, /entry 1 must begin with the name of a service/],
    [`orders::${key}`, /entry 1 must have scopes of pairs, introspect, claims, metrics, revocations/],
    [`orders:pair:${key}`, /entry 1 must have scopes/],
    [`orders:pairs+:${key}`, /entry 1 must have scopes/],
    [`orders:pairs+pairs:${key}`, /entry 1 must have scopes/],
    [`orders:*:${key}`, /entry 1 must have scopes/],
    [`orders:PAIRS:${key}`, /entry 1 must have scopes/],
    [`orders:introspect:${key},billing:pairs:${key}`, /entry 2 has the key of another entry/],
    [`orders:introspect:${key},${key}`, /entry 2 has the key of another entry/],
  ]
  for (const [entry, sentence] of entries) {
    assert.throws(
      () => readConfig({ SERVICE_KEYS: entry }),
      (error: Error) => {
        assert.match(error.message, sentence, entry)
        assert.doesNotMatch(error.message, /c7a1e95d|orders/)
        return true
      },
    )
  }
})
