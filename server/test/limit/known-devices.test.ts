import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { HashPool, HashPoolFull } from '../../src/crypto/hashing/hash-pool.ts'
import { Turns } from '../../src/crypto/hashing/turns.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { logOut, PASSWORD, refresh, signUp } from '../support/users.ts'

const start = () => startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })
const HOME = '192.0.2.1'
const OFFICE = '203.0.113.7'

interface Attempt {
  email: string
  password?: string
  ip: string
  device?: string
}

async function logInFrom(server: TestServer, { email, password = PASSWORD, ip, device }: Attempt) {
  const body = { email, password, ...(device !== undefined && { device_token: device }) }
  return server.post('/api/v1/auth/login', body, { headers: { 'x-forwarded-for': ip } })
}

/** Ten neighbours each fail ten times. */
async function useUpOffice(server: TestServer): Promise<void> {
  for (let neighbour = 0; neighbour < 10; neighbour++) {
    const { email } = await signUp(server)
    for (let n = 0; n < 10; n++) await logInFrom(server, { email, ip: OFFICE, password: 'x' })
  }
}

/** A user whose device has signed in at home. */
async function userWithDevice(server: TestServer) {
  const { id, email } = await signUp(server)
  const { status, body } = await logInFrom(server, { email, ip: HOME })
  assert.equal(status, 200)
  return { id, email, device: body.device_token as string, refresh_token: body.refresh_token as string }
}

test('neighbours who use up the failures of a network keep out strangers, and no device that has signed in', async () => {
  const server = await start()
  const { email, device } = await userWithDevice(server)
  await useUpOffice(server)
  assert.equal((await logInFrom(server, { email, ip: OFFICE })).status, 429)
  for (let n = 0; n < 12; n++) assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 200)
})

test('neighbours who hold the hashing places of a network keep out strangers, and no device that has signed in', async () => {
  const server = await startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1', BCRYPT_COST: '12' })
  const { email, device } = await userWithDevice(server)
  const neighbours = Array.from({ length: 40 }, async (_, n) => {
    const { status } = await logInFrom(server, { email: `${n}@example.com`, ip: OFFICE, password: 'x' })
    return status
  })
  await Promise.any(neighbours.map(async (status) => assert.equal(await status, 503)))
  assert.equal((await logInFrom(server, { email, ip: OFFICE })).status, 503)
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 200)
  await Promise.all(neighbours)
})

test('a device that has signed in does not wait for the logins of a flood', async () => {
  const server = await startServer({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1', BCRYPT_COST: '10' })
  const { email, device } = await userWithDevice(server)
  let answered = 0
  const strangers = Array.from({ length: 80 }, async (_, n) => {
    const { status } = await logInFrom(server, { email: `${n}@example.com`, ip: `198.51.100.${n}`, password: 'x' })
    if (status === 401) answered++
    return status
  })
  await Promise.any(strangers.map(async (status) => assert.equal(await status, 503)))
  const before = answered
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 200)
  assert.ok(answered - before < 28, `${answered - before} of the 56 before it were answered first`)
  await Promise.all(strangers)
})

test('an attacker elsewhere keeps no known device out, on any network', async () => {
  const server = await start()
  const { email, device } = await userWithDevice(server)
  for (let n = 0; n < 100; n++) await logInFrom(server, { email, ip: `198.51.100.${n}`, password: 'x' })
  assert.equal((await logInFrom(server, { email, ip: OFFICE })).status, 429)
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 200)
})

test('a device token that is altered, of another account, or spent is of no use', async () => {
  const server = await start()
  const { email, device } = await userWithDevice(server)
  const other = await userWithDevice(server)
  for (let n = 0; n < 100; n++) await logInFrom(server, { email, ip: `198.51.100.${n}`, password: 'x' })
  for (let position = 0; position < device.length; position++) {
    const altered = device.slice(0, position) + (device[position] === 'A' ? 'B' : 'A') + device.slice(position + 1)
    assert.equal((await logInFrom(server, { email, ip: OFFICE, device: altered })).status, 429, `position ${position}`)
  }
  for (const useless of [other.device, '', 'x'.repeat(5000), `${device}A`]) {
    assert.equal((await logInFrom(server, { email, ip: OFFICE, device: useless })).status, 429)
  }
  const statuses: number[] = []
  for (let n = 0; n < 11; n++) {
    statuses.push((await logInFrom(server, { email, ip: OFFICE, device, password: 'x' })).status)
  }
  assert.deepEqual(statuses, [...Array(10).fill(401), 429])
  assert.equal((await logInFrom(server, { email, ip: '203.0.113.99', device })).status, 429, 'on another network, too')
  server.advanceClock({ seconds: 900 })
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 200)
})

test('a device is forgotten when the password changes, also if it has logged out before', async () => {
  const server = await start()
  const { id, email, device, refresh_token } = await userWithDevice(server)
  assert.equal((await logOut(server, refresh_token)).status, 200)
  const { code, output } = await tesseraCli(server)(`users set-password ${id}`, 'another horse battery\n')
  assert.equal(code, 0, output)
  for (let n = 0; n < 100; n++) await logInFrom(server, { email, ip: `198.51.100.${n}`, password: 'x' })
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device, password: 'another horse battery' })).status, 429)
})

test('a device is forgotten when its session ended by a reuse', async () => {
  const server = await start()
  const { email, device } = await userWithDevice(server)
  const { body } = await logInFrom(server, { email, ip: HOME, device })
  const second = (await refresh(server, body.refresh_token)).body.refresh_token
  const third = (await refresh(server, second)).body.refresh_token
  await refresh(server, third)
  server.advanceClock({ seconds: 31 })
  assert.equal((await refresh(server, second)).status, 401)
  for (let n = 0; n < 100; n++) await logInFrom(server, { email, ip: `198.51.100.${n}`, password: 'x' })
  assert.equal((await logInFrom(server, { email, ip: OFFICE, device })).status, 429)
})

test('a browser gets its device token in a cookie, keeps it, and sends it with each login', async () => {
  const server = await start()
  const { email } = await signUp(server)
  const browse = (cookie: string) => {
    const headers = { 'x-forwarded-for': OFFICE, 'x-forwarded-proto': 'https', cookie }
    return server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true }, { headers })
  }
  const deviceCookie = ({ headers }: Awaited<ReturnType<typeof browse>>) =>
    headers.getSetCookie().find((cookie) => cookie.startsWith('__Host-tessera_device=')) ?? ''
  const first = await browse('')
  assert.equal(first.status, 200)
  assert.equal(first.body.device_token, undefined)
  assert.match(
    deviceCookie(first),
    /^__Host-tessera_device=[\w-]{43}; Max-Age=34560000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  )
  const [pair = ''] = deviceCookie(first).split(';')
  assert.equal(deviceCookie(await browse(pair)), deviceCookie(first), 'renewed')
  const inBody = await server.post(
    '/api/v1/auth/login',
    { email, password: PASSWORD },
    { headers: { 'x-forwarded-for': OFFICE, 'x-forwarded-proto': 'https', cookie: pair } },
  )
  assert.match(inBody.body.device_token, /^[\w-]{43}$/)
  assert.ok(!pair.includes(inBody.body.device_token), 'no script reads the cookie')
  await useUpOffice(server)
  assert.equal((await browse('')).status, 429)
  assert.equal((await browse(pair)).status, 200)
})

test('the hash pool keeps one place in eight for known devices', async () => {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 16 })
  after(() => pool.close())
  for (let n = 0; n < 14; n++) pool.reserve()
  assert.throws(() => pool.reserve(), HashPoolFull)
  for (let n = 0; n < 2; n++) pool.reserve([], { isKnown: true })
  assert.throws(() => pool.reserve([], { isKnown: true }), HashPoolFull)
})

test('a network may hold half of the places that are kept for known devices', async () => {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 64 })
  after(() => pool.close())
  for (let n = 0; n < 4; n++) pool.reserve(['one network'], { isKnown: true })
  assert.throws(() => pool.reserve(['one network'], { isKnown: true }), HashPoolFull)
  pool.reserve(['another'], { isKnown: true })
})

test('known jobs and others begin in their order, and alternately while both wait', async () => {
  const turns = new Turns(2)
  const begun: string[] = []
  const job = (name: string, isKnown = false) =>
    turns.take(isKnown, async () => {
      begun.push(name)
      await new Promise(setImmediate)
      if (name === 'c') throw new Error('it ends badly')
    })
  const others = ['a', 'b', 'c', 'd', 'e'].map((name) => job(name))
  const known = ['1', '2', '3', '4'].map((name) => job(name, true))
  assert.equal(turns.waiting, 7)
  const outcomes = await Promise.allSettled([...others, ...known])
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 8)
  assert.deepEqual([begun.join(''), turns.waiting], ['ab1c2d3e4', 0])
})
