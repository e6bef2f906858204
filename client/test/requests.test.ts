import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, type TestContext, test } from 'node:test'
import { me, PASSWORD, signUp } from '../../server/test/support/users.ts'
import { type Client, type ClientOptions, createClient } from '../src/client.ts'
import { patientFetch, startGateway } from './support/gateway.ts'
import { Keychain } from './support/storage.ts'

const gateway = await startGateway({ REFRESH_TOKEN_ROTATION: 'strict' })

/** An API of an origin of its own. */
const received: { path: string; token: string | undefined; body: string }[] = []
let judge = async (request: IncomingMessage): Promise<number> =>
  (await me(gateway.server, (request.headers.authorization ?? '').slice('Bearer '.length))).status
const listener = createServer(async (request, response) => {
  received.push({ path: request.url ?? '', token: request.headers.authorization, body: await text(request) })
  response.writeHead(await judge(request)).end('{}')
}).listen(0, '127.0.0.1')
await once(listener, 'listening')
after(() => {
  listener.closeAllConnections()
  listener.close()
})
const api = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`

async function signedIn(options: Partial<ClientOptions> = {}): Promise<Client> {
  const { email } = await signUp(gateway.server)
  const own = { url: gateway.url, storage: new Keychain(), origins: [api], fetch: patientFetch }
  const client = createClient({ ...own, ...options })
  await client.login({ email, password: PASSWORD })
  received.length = 0
  return client
}

/** Moves the clock of the client's device. */
function moveClock(t: TestContext): (seconds: number) => void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return (seconds) => t.mock.timers.setTime(Date.now() + seconds * 1000)
}

test('a request is refused, refreshed for and repeated once, with its body', async () => {
  const client = await signedIn()
  gateway.expireAccessTokens()
  const answer = await client.fetch(`${api}/orders`, { method: 'POST', body: '{"order":1}' })
  assert.equal(answer.status, 200)
  assert.deepEqual(
    received.map(({ body }) => body),
    ['{"order":1}', '{"order":1}'],
  )
  gateway.expireAccessTokens()
  const request = new Request(`${api}/orders`, { method: 'POST', body: '{"order":2}' })
  assert.equal((await client.fetch(request)).status, 200)
  assert.equal(received.at(-1)?.body, '{"order":2}')
})

test('no other origin gets the access token, and a header of the caller is left alone', async () => {
  const client = await signedIn({ origins: ['https://api.example.com'] })
  await client.fetch(`${api}/orders`)
  await client.fetch(`${api}/orders`, { headers: { authorization: 'Basic own' } })
  assert.deepEqual(
    received.map(({ token }) => token),
    [undefined, 'Basic own'],
  )
})

test('a stream is sent once, with an access token that lives long enough', async (t) => {
  const client = await signedIn()
  const move = moveClock(t)
  move(30)
  const before = gateway.refreshes()
  const body = new Blob(['a', 'b']).stream()
  const answer = await client.fetch(`${api}/upload`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  assert.equal(answer.status, 200)
  assert.deepEqual([gateway.refreshes() - before, received.map(({ body }) => body)], [1, ['ab']])
  judge = async () => 401
  const again = new Blob(['c']).stream()
  assert.equal((await client.fetch(api, { method: 'POST', body: again, duplex: 'half' } as RequestInit)).status, 401)
  assert.equal(received.length, 2)
})

test('an API that refuses for its own reasons makes no loop', async () => {
  const client = await signedIn()
  const before = gateway.refreshes()
  judge = async () => 401
  for (let call = 0; call < 5; call++) assert.equal((await client.fetch(`${api}/closed`)).status, 401)
  assert.equal(gateway.refreshes() - before, 1)
  assert.ok(received.length <= 6)
  assert.equal(client.session.status, 'signed_in')
  judge = async () => 200
})

for (const fault of ['refused', 'unavailable', 'proxy', 'portal', 'doorman'] as const) {
  test(`ten minutes of ${fault} cost at most twenty requests, and the user stays signed in`, async (t) => {
    const client = await signedIn()
    const move = moveClock(t)
    move(61)
    gateway.fault = () => fault
    const before = gateway.refreshes()
    for (let second = 0; second < 600; second++) {
      await assert.rejects(client.accessToken(), { code: 'offline' })
      move(1)
    }
    assert.ok(gateway.refreshes() - before <= 20, String(gateway.refreshes() - before))
    assert.equal(client.session.status, 'signed_in')
    gateway.fault = () => undefined
    move(60)
    assert.ok(await client.accessToken())
  })
}

for (const [retryAfter, limit] of [
  ['120', 6],
  ['Thu, 26 Nov 2026 12:00:00 GMT', 20],
] as const)
  test(`ten minutes of 503 with Retry-After: ${retryAfter} cost at most ${limit} requests`, async (t) => {
    const client = await signedIn()
    const move = moveClock(t)
    move(61)
    gateway.fault = () => 'unavailable'
    gateway.retryAfter = retryAfter
    const before = gateway.refreshes()
    for (let second = 0; second < 600; second++) {
      await assert.rejects(client.accessToken(), { code: 'offline' })
      move(1)
    }
    gateway.fault = () => undefined
    gateway.retryAfter = null
    assert.ok(gateway.refreshes() - before <= limit, String(gateway.refreshes() - before))
    move(120)
    assert.ok(await client.accessToken())
  })

test('a clock that is an hour off, or steps while the client runs, costs no session and makes no loop', async (t) => {
  const storage = new Keychain()
  await signedIn({ storage })
  const move = moveClock(t)
  for (const offset of [3600, -7200, 3600]) {
    move(offset)
    const client = createClient({ url: gateway.url, storage: new Keychain(storage), fetch: patientFetch })
    const before = gateway.refreshes() + 1
    for (let call = 0; call < 10; call++) assert.ok(await client.accessToken())
    assert.equal(gateway.refreshes(), before, 'a new token lives, whatever the clock says')
    for (const step of [3600, -3600, -3600, 3600]) {
      move(step)
      for (let call = 0; call < 10; call++) assert.ok(await client.accessToken())
    }
    assert.ok(gateway.refreshes() - before <= 4)
    assert.equal(client.session.status, 'signed_in')
  }
})

test('an access token is renewed before it expires, and when it has to live longer', async (t) => {
  const client = await signedIn()
  const move = moveClock(t)
  const first = await client.accessToken()
  const pass = (seconds: number) => {
    move(seconds)
    gateway.server.advanceClock({ seconds })
  }
  pass(20)
  assert.equal(await client.accessToken(), first)
  const second = await client.accessToken({ minValiditySeconds: 50 })
  assert.notEqual(second, first)
  pass(55)
  assert.notEqual(await client.accessToken(), second)
})

test('a request without an answer ends after seven seconds', async (t) => {
  const client = await signedIn({ fetch })
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() + 61_000 })
  const { promise, resolve } = Promise.withResolvers<void>()
  gateway.held = promise
  const arrived = gateway.refreshes() + 2
  const call = client.accessToken()
  while (gateway.refreshes() < arrived) {
    await new Promise(setImmediate)
    t.mock.timers.tick(100)
  }
  while ((await Promise.race([call.catch(() => 'ended'), new Promise(setImmediate)])) !== 'ended')
    t.mock.timers.tick(100)
  resolve()
  gateway.held = Promise.resolve()
  await assert.rejects(call, { code: 'offline' })
})

test('thirty users of one server process are never mixed up, nor are clients without a storage', async () => {
  judge = async (request) => (await me(gateway.server, (request.headers.authorization ?? '').slice(7))).status
  const clients: { client: Client; email: string }[] = []
  for (let index = 0; index < 30; index++) {
    const { email } = await signUp(gateway.server)
    const storage = index % 2 === 0 ? { storage: new Keychain() } : {}
    const client = createClient({ url: gateway.url, origins: [api], fetch: patientFetch, ...storage })
    await client.login({ email, password: PASSWORD })
    clients.push({ client, email })
  }
  gateway.expireAccessTokens()
  await Promise.all(
    clients.map(async ({ client, email }) => {
      assert.equal((await client.fetch(`${api}/orders`)).status, 200)
      assert.equal((await me(gateway.server, String(await client.accessToken()))).body.user.email, email)
      assert.equal(client.user?.email, email)
    }),
  )
})
