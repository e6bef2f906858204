import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { lockUserExclusive } from '../../src/storage/account/user-locks.ts'
import { startServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { decodeClaims, issuePair, logInNewUser, refreshPair, signUp, type Tokens } from '../support/users.ts'

const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1' })
const untrusting = await startServer()

async function refreshFrom(pair: Tokens, ip: string, key?: string): Promise<Tokens> {
  const answer = await refreshPair(server, pair, key, { 'x-forwarded-for': ip, 'user-agent': 'Test/1.0' })
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

async function mailsTo(userId: number) {
  const rows = await server.rows<{ data: string; kind: string }>(
    sql`select kind, data from outbox where user_id = ${userId} and kind = ${'address_changed'} order by id`,
  )
  return rows.map((row) => JSON.parse(row.data))
}

async function countAudited(userId: number): Promise<number> {
  const rows = await server.rows(
    sql`select id from audit_events where user_id = ${userId} and kind = ${'address_changed'}`,
  )
  return rows.length
}

async function issueFrom(ip: string) {
  const user = await signUp(server)
  const headers = { 'x-forwarded-for': ip }
  const service = await startServer({
    DATABASE_URL: server.databaseUrl,
    TRUSTED_PROXIES: '127.0.0.1',
    DEMO_FROM: '0.0.0.0/1,128.0.0.0/1,2000::/3',
  })
  const answer = await service.post('/auth/token', { auth: { user_guid: user.guid } }, { headers })
  await service.close()
  assert.equal(answer.status, 200, answer.text)
  return { user, pair: answer.body as Tokens }
}

test('a refresh from a new address succeeds, its tokens contain the address, and one mail with both addresses, time and device is queued', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  assert.equal(decodeClaims(pair.access_token)['ip'], '192.0.2.1')
  const moved = await refreshFrom(pair, '198.51.100.7')
  assert.equal(decodeClaims(moved.access_token)['ip'], '198.51.100.7')
  const [mail, ...more] = await mailsTo(user.id)
  assert.equal(more.length, 0)
  assert.equal(mail.old_ip, '192.0.2.1')
  assert.equal(mail.new_ip, '198.51.100.7')
  assert.equal(mail.user_agent, 'Test/1.0')
  assert.ok(Math.abs(Date.parse(mail.at) - Date.now()) < 60_000)
  await refreshFrom(moved, '198.51.100.7')
  assert.equal((await mailsTo(user.id)).length, 1)
  assert.equal(await countAudited(user.id), 1)
})

test('an address in the same /64 and the IPv4-mapped form of an address are not new', async () => {
  const six = await issueFrom('2001:db8:1:2::1')
  const moved = await refreshFrom(six.pair, '2001:DB8:1:2:ffff::9')
  assert.equal(decodeClaims(moved.access_token)['ip'], '2001:db8:1:2:ffff::9')
  assert.equal((await mailsTo(six.user.id)).length, 0)
  await refreshFrom(moved, '2001:db8:1:3::1')
  assert.equal((await mailsTo(six.user.id)).length, 1)

  const four = await issueFrom('192.0.2.1')
  const mapped = await refreshFrom(four.pair, '::ffff:192.0.2.1')
  assert.equal(decodeClaims(mapped.access_token)['ip'], '192.0.2.1')
  assert.equal((await mailsTo(four.user.id)).length, 0)
})

test('a refused or repeated refresh sends no warning', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  const mixed = { ...pair, access_token: (await issuePair(server)).access_token }
  assert.equal((await refreshPair(server, mixed, undefined, { 'x-forwarded-for': '198.51.100.1' })).status, 401)
  assert.equal((await mailsTo(user.id)).length, 0)
  const key = randomUUID()
  const first = await refreshFrom(pair, '192.0.2.1', key)
  const repeated = await refreshFrom(pair, '198.51.100.9', key)
  assert.equal(decodeClaims(repeated.access_token)['ip'], '192.0.2.1')
  assert.equal(repeated.refresh_token, first.refresh_token)
  assert.equal((await mailsTo(user.id)).length, 0)
  await refreshFrom(repeated, '198.51.100.9')
  assert.equal((await mailsTo(user.id)).length, 1)
})

test('fifty changes between two addresses send one mail and write one audit event for each address', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  let newest = pair
  for (let n = 0; n < 50; n++) newest = await refreshFrom(newest, n % 2 ? '192.0.2.1' : '198.51.100.1')
  assert.deepEqual(
    (await mailsTo(user.id)).map((mail) => mail.new_ip),
    ['198.51.100.1', '192.0.2.1'],
  )
  assert.equal(await countAudited(user.id), 2)
  server.advanceClock({ seconds: 86_400 })
  await refreshFrom(newest, '198.51.100.1')
  assert.equal(await countAudited(user.id), 3, 'a day later')
})

test('a session on ever new networks writes a hundred audit events a day', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  let newest = pair
  for (let n = 0; n < 110; n++) newest = await refreshFrom(newest, `2001:db8:0:${n.toString(16)}::1`)
  assert.equal(await countAudited(user.id), 100)
})

test('a user gets at most three mails an hour over all sessions; after a day a network counts as new again', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  let newest = pair
  for (let n = 1; n <= 6; n++) newest = await refreshFrom(newest, `198.51.100.${n}`)
  assert.equal((await mailsTo(user.id)).length, 3)
  server.advanceClock({ seconds: 3600 })
  newest = await refreshFrom(newest, '198.51.100.1')
  assert.equal((await mailsTo(user.id)).length, 3, 'already mailed about this network within 24 hours')
  newest = await refreshFrom(newest, '198.51.100.4')
  assert.equal((await mailsTo(user.id)).length, 4)
  server.advanceClock({ seconds: 86_400 })
  await refreshFrom(newest, '198.51.100.1')
  assert.equal((await mailsTo(user.id)).length, 5)
})

test('concurrent moves of many pairs of one user send three mails', async () => {
  const user = await signUp(server)
  const pairs = await Promise.all(Array.from({ length: 12 }, () => issuePair(server, user.guid)))
  await Promise.all(pairs.map((pair, n) => refreshFrom(pair, `198.51.100.${n + 1}`)))
  assert.equal((await mailsTo(user.id)).length, 3)
  assert.equal(await countAudited(user.id), 12)
})

test('twenty concurrent refreshes from a new address with one key are audited and mailed as one move', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  const key = randomUUID()
  await Promise.all(Array.from({ length: 20 }, () => refreshFrom(pair, '198.51.100.1', key)))
  assert.equal((await mailsTo(user.id)).length, 1)
  assert.equal(await countAudited(user.id), 1)
})

test('a network that is new to two sessions is mailed for each of them', async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  const other = (await server.post('/auth/token', { auth: { user_guid: user.guid } })).body
  await refreshFrom(pair, '198.51.100.1')
  await refreshFrom(other, '198.51.100.1')
  assert.equal((await mailsTo(user.id)).length, 2)
})

test('moves of one user wait for each other; refreshes from the known address do not wait', {
  skip: !onPostgres && 'SQLite has one writer',
}, async () => {
  const { user, pair } = await issueFrom('192.0.2.1')
  const other = (await server.post('/auth/token', { auth: { user_guid: user.guid } })).body
  const locked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const lockHolder = server.ctx.db.transaction(async (tx) => {
    await lockUserExclusive(tx, user.id)
    locked.resolve()
    await release.promise
  })
  await locked.promise
  let moved = false
  const moving = refreshFrom(pair, '198.51.100.1').then(() => {
    moved = true
  })
  await refreshFrom(other, '127.0.0.1')
  await refreshFrom(await issuePair(server), '127.0.0.1')
  assert.equal(moved, false)
  release.resolve()
  await Promise.all([lockHolder, moving])
})

test('a move of a login session sends no mail', async () => {
  const { user, refresh_token } = await logInNewUser(server)
  const headers = { 'x-forwarded-for': '198.51.100.1' }
  const first = await server.post('/api/v1/auth/refresh', { refresh_token })
  const moved = await server.post('/api/v1/auth/refresh', first.body, { headers })
  assert.equal(moved.status, 200)
  assert.equal((await mailsTo(user.id)).length, 0)
})

test('X-Forwarded-For counts only from a trusted proxy, and only the part that proxies wrote', async () => {
  const pair = await issuePair(untrusting)
  const answer = await refreshPair(untrusting, pair, undefined, { 'x-forwarded-for': '203.0.113.9' })
  assert.equal(decodeClaims(answer.body.access_token)['ip'], '127.0.0.1')

  const chains: [string, string][] = [
    ['203.0.113.9, 198.51.100.2', '198.51.100.2'],
    ['203.0.113.9, 127.0.0.1', '203.0.113.9'],
    ['nonsense, 198.51.100.2', '198.51.100.2'],
    ['198.51.100.2, nonsense', '0.0.0.0'],
    ['unknown', '0.0.0.0'],
    ['198.51.100.2:4711', '198.51.100.2'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['', '127.0.0.1'],
  ]
  for (const [header, expected] of chains) {
    const refreshed = await refreshPair(server, await issuePair(server), undefined, { 'x-forwarded-for': header })
    assert.equal(decodeClaims(refreshed.body.access_token)['ip'], expected, header)
  }
})
