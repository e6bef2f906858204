import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import type { Budget } from '../../src/auth/limit/budgets.ts'
import { createLimiter } from '../../src/auth/limit/limiter.ts'
import { HashPool } from '../../src/crypto/hashing/hash-pool.ts'
import { MemoryBound } from '../../src/crypto/hashing/memory-bound.ts'
import { createPasswords, isPasswordDigest } from '../../src/crypto/hashing/passwords.ts'
import { memoryLimits } from '../../src/storage/limits/memory-limits.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, PASSWORD, signUp } from '../support/users.ts'

const start = () => startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })

function attempt(server: TestServer, email: string, password: string, ip: string) {
  return server.post('/api/v1/auth/login', { email, password }, { headers: { 'x-forwarded-for': ip } })
}

test('one network with right passwords of many accounts leaves others their places', async () => {
  const server = await startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1', BCRYPT_COST: '8' })
  const own = await Promise.all(Array.from({ length: 10 }, () => signUp(server)))
  const victim = await signUp(server)
  let isOver = false
  const flood = Array.from({ length: 100 }, async (_, n) => {
    while (!isOver) await attempt(server, own[n % 10]?.email ?? '', PASSWORD, '203.0.113.66')
  })
  const seen: number[] = []
  for (let n = 0; n < 10; n++) seen.push((await attempt(server, victim.email, PASSWORD, '198.51.100.7')).status)
  isOver = true
  await Promise.all(flood)
  assert.deepEqual(seen, Array(10).fill(200))
})

test('right logins have a budget: 600 per account and hour, of which refused attempts use none', async () => {
  const server = await start()
  const user = await signUp(server)
  const logInOften = async (times: number) => {
    const statuses = new Set<number>()
    for (let n = 0; n < times; n += 10) {
      const batch = Array.from({ length: 10 }, (_, i) => attempt(server, user.email, PASSWORD, `192.0.2.${i}`))
      for (const { status } of await Promise.all(batch)) statuses.add(status)
    }
    return [...statuses]
  }
  for (let n = 0; n < 9; n++) await attempt(server, user.email, 'wrong', '192.0.2.200')
  assert.deepEqual(await logInOften(600), [200])
  const answer = await attempt(server, user.email, PASSWORD, '198.51.100.1')
  assert.equal(answer.status, 429)
  assert.ok(Number(answer.headers.get('retry-after')) > 900)
  server.advanceClock({ seconds: 3600 })
  assert.equal((await attempt(server, user.email, PASSWORD, '198.51.100.1')).status, 200)
})

test('failures are counted by the /56 around an IPv6 network, too', async () => {
  const server = await start()
  for (let n = 0; n < 400; n += 20) {
    const batch = Array.from({ length: 20 }, (_, i) => {
      const network = (0x4200 + ((n + i) % 256)).toString(16)
      return attempt(server, `u${n + i}@example.com`, 'one password', `2001:db8:0:${network}::1`)
    })
    for (const { status } of await Promise.all(batch)) assert.equal(status, 401)
  }
  assert.equal((await attempt(server, 'v@example.com', 'x', '2001:db8:0:42ff::1')).status, 429, '400 of the /56')
  assert.equal((await attempt(server, 'v@example.com', 'x', '2001:db8:0:4300::1')).status, 401, 'its neighbour')
})

test('garbage of a neighbour keeps no genuine token and no genuine session from being served', async () => {
  const server = await start()
  const user = await signUp(server)
  const { refresh_token, access_token } = await logIn(server, user.email)
  const headers = { 'x-forwarded-for': '203.0.113.77' }
  const send = async (request: () => Promise<{ status: number }>) => {
    const statuses = new Set<number>()
    for (let batch = 0; batch < 61; batch++)
      for (const { status } of await Promise.all(Array.from({ length: 100 }, request))) statuses.add(status)
    return [...statuses]
  }
  assert.deepEqual(
    await send(() => server.post('/api/v1/auth/refresh', { refresh_token: 'x' }, { headers })),
    [401, 429],
  )
  assert.deepEqual(await send(() => server.get('/api/v1/auth/me', { bearer: 'x', headers })), [401, 429])
  assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token }, { headers })).status, 200)
  assert.equal((await server.get('/api/v1/auth/me', { bearer: access_token, headers })).status, 200)
})

test('counts of one kind are never evicted by cheap requests of another', async () => {
  const store = memoryLimits()
  const now = new Date()
  const take = async (key: string) => (await store.take([{ key, points: 1, windowSeconds: 900 }], now))[0]?.points
  await take('login 192.0.2.1')
  for (let n = 0; n < 100_100; n++) await take(`sign-up ${n}`)
  assert.equal(await take('login 192.0.2.1'), 2)
  const later = new Date(now.getTime() + 901_000)
  for (let n = 0; n < 100_100; n++)
    await store.take([{ key: `sign-up later ${n}`, points: 1, windowSeconds: 900 }], later)
  assert.equal(await take('sign-up 100099'), 1, 'windows that have ended go first')
})

test('refused attempts at ever new addresses push out no counts and leave none', async () => {
  const store = memoryLimits()
  const now = new Date()
  const limiter = createLimiter(store, () => now)
  const budget = (key: string, points: number): Budget => ({ key, points, windowSeconds: 900 })
  const attempt = (n: number) => limiter.take([budget('login 192.0.2.1', 1), budget(`login 192.0.2.1 ${n}`, 10)])
  await limiter.take([budget('login victim', 10)])
  await attempt(0)
  for (let n = 1; n < 100_100; n++) await attempt(n).catch(() => {})
  const [victim] = await store.take([budget('login victim', 10)], now)
  const [refused] = await store.take([budget('login 192.0.2.1 1', 10)], now)
  assert.deepEqual([victim?.points, refused?.points], [2, 1])
})

test('a window without points is kept in no store', async () => {
  const server = await startServer({ RATE_LIMIT: 'on' })
  const { email } = await signUp(server)
  const counted = async () =>
    (await server.rows<{ key: string }>(sql`select key from rate_limits where key like 'login%'`)).length
  for (let n = 0; n < 10; n++) await server.post('/api/v1/auth/login', { email, password: 'x' })
  const before = await counted()
  for (let n = 0; n < 5; n++)
    assert.equal((await server.post('/api/v1/auth/login', { email, password: 'x' })).status, 429)
  assert.ok((await counted()) <= before + 1, 'the refused attempts left windows')
  const zero = await server.rows(sql`select key from rate_limits where points < 1`)
  assert.deepEqual(zero, [])
})

test('a digest that would cost more than any legitimate one is none', () => {
  const bcrypt = (cost: string) => `$2a$${cost}$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234`
  const argon = (parameters: string) =>
    `$argon2id$v=19$${parameters}$c2FsdHNhbHRzYWx0$YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY`
  for (const digest of [bcrypt('04'), bcrypt('15'), argon('m=65536,t=4,p=4'), argon('m=19456,t=2,p=1')])
    assert.ok(isPasswordDigest(digest), digest)
  for (const digest of [bcrypt('16'), bcrypt('20'), bcrypt('31'), bcrypt('03'), argon('m=65537,t=1,p=1')])
    assert.ok(!isPasswordDigest(digest), digest)
  for (const parameters of [
    'm=9999999,t=16,p=1',
    'm=2097152,t=1,p=1',
    'm=65536,t=5,p=1',
    'm=65536,t=1,p=5',
    'm=8,t=1,p=4',
  ])
    assert.ok(!isPasswordDigest(argon(parameters)), parameters)
})

test('a digest out of bounds in the database costs what any other login does, and matches nothing', async () => {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 4 })
  after(() => pool.close())
  const passwords = createPasswords(pool, { algorithm: 'bcrypt', cost: 4 })
  const started = performance.now()
  for (const cost of [20, 31])
    assert.equal(
      await passwords.matches('x', `$2a$${cost}$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234`, 'an account'),
      false,
    )
  assert.ok(performance.now() - started < 5000, 'a hash of cost 20 takes a minute')
})

test('work within a bound of memory begins in its order, and what is larger than the bound runs alone', async () => {
  const bound = new MemoryBound(100)
  let [used, most] = [0, 0]
  const order: number[] = []
  const work = (n: number, size: number) =>
    bound.use(size, async () => {
      order.push(n)
      used += size
      most = Math.max(most, used)
      await new Promise(setImmediate)
      used -= size
      if (n === 3) throw new Error('it ends badly')
    })
  const sizes = [60, 40, 50, 50, 10, 150, 10, 0]
  const outcomes = await Promise.allSettled(sizes.map((size, n) => work(n, size)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 7)
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7])
  assert.equal(most, 150)
})
