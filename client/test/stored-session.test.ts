import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { codeOf, readMail } from '../../server/test/support/mailbox.ts'
import { ADMIN, logOut, me, PASSWORD, signUp } from '../../server/test/support/users.ts'
import { type Client, type ClientOptions, createClient } from '../src/client.ts'
import { FAULTS, type Gateway, patientFetch, startGateway } from './support/gateway.ts'
import { Keychain } from './support/storage.ts'

const gateway = await startGateway({ REFRESH_TOKEN_ROTATION: 'strict' })

const start = (storage: Keychain, options: Partial<ClientOptions> = {}, { url }: Gateway = gateway) =>
  createClient({ url, storage, fetch: patientFetch, ...options })

async function signedIn(options: Partial<ClientOptions> = {}, at: Gateway = gateway) {
  const user = await signUp(at.server)
  const storage = new Keychain()
  const client = start(storage, options, at)
  const outcome = await client.login({ email: user.email, password: PASSWORD })
  assert.ok('user' in outcome)
  return { client, storage, email: user.email }
}

/** The address of the user of the client's access token, as the server sees it. */
async function emailOf(client: Client): Promise<string> {
  return (await me(gateway.server, String(await client.accessToken()))).body.user?.email
}

/** A new process that has nothing but what was stored. */
const restart = (storage: Keychain) => start(new Keychain(storage))

/** Sends a request whose access token is refused, unless another one was received meanwhile. */
async function renew(client: Client): Promise<string | null> {
  await client.fetch(`${gateway.url}/api/v1/auth/me`)
  return client.accessToken()
}

async function reuses(): Promise<number> {
  return (await gateway.server.rows(sql`select id from audit_events where kind = 'refresh_token_reused'`)).length
}

test('outcomes of a login are values', async () => {
  const { email } = await signUp(gateway.server)
  const client = start(new Keychain())
  assert.deepEqual(await client.login({ email, password: 'wrong' }), { refused: 'wrong' })
  gateway.fault = () => 'refused'
  assert.deepEqual(await client.login({ email, password: PASSWORD }), { refused: 'offline' })
  gateway.fault = () => 'portal'
  assert.deepEqual(await client.login({ email, password: PASSWORD }), { refused: 'offline' })
  gateway.fault = () => 'unavailable'
  assert.deepEqual(await client.login({ email, password: PASSWORD }), { refused: 'busy' })
  gateway.fault = () => undefined
  assert.deepEqual([client.user], [null])
  const outcome = await client.login({ email, password: PASSWORD })
  assert.equal('user' in outcome && outcome.user.email, email)
  assert.equal(client.user?.email, email)
  assert.equal(client.session.status, 'signed_in')
})

test('a login at an unproven address goes on with its code, and a wrong code is a value', async () => {
  const strict = await startGateway({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(strict.server)
  const storage = new Keychain()
  const client = start(storage, {}, strict)
  const outcome = await client.login({ email, password: PASSWORD })
  assert.ok('emailNotVerified' in outcome)
  const { token, expiresInSeconds } = outcome.emailNotVerified
  assert.equal(expiresInSeconds, 900)
  assert.deepEqual(await client.verify(token, { code: 'AAAA-AAAA' }), { refused: 'wrong', attemptsLeft: 4 })
  assert.deepEqual(await client.verify('unknown', { code: 'AAAA-AAAA' }), { refused: 'expired' })
  const code = codeOf(await readMail(strict.server, email, 'login_code'))
  const verified = await client.verify(token, { code })
  assert.equal('user' in verified && verified.user.email, email)
  assert.match(storage.stored().attempt, /^[\w-]{43}$/, 'this answer hands out an attempt, too')
})

test('the session survives restarts, lost answers and outages, for days, and many calls refresh once', async () => {
  const { storage, email } = await signedIn()
  gateway.expireAccessTokens()
  const client = restart(storage)
  const before = gateway.refreshes()
  const tokens = await Promise.all(Array.from({ length: 5 }, () => client.accessToken()))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(gateway.refreshes(), before + 1)
  assert.equal(client.user?.email, email, 'of /me, with the first refresh')

  gateway.expireAccessTokens()
  let faults = 1
  gateway.fault = (path) => (path.endsWith('/refresh') && faults-- > 0 ? 'lost' : undefined)
  assert.equal(await emailOf(restart(storage)), email, 'a lost answer is asked for again at once')

  gateway.expireAccessTokens()
  for (const fault of FAULTS) {
    gateway.fault = () => fault
    const before = storage.stored()
    const client = restart(storage)
    await assert.rejects(client.accessToken(), { code: 'offline' }, fault)
    if (fault !== 'lost') assert.deepEqual(storage.stored(), before, fault)
    assert.equal(client.session.status, 'unknown', fault)
  }
  gateway.fault = () => undefined
  assert.equal(await emailOf(restart(storage)), email)
  gateway.server.advanceClock({ seconds: 5 * 24 * 3600 })
  assert.equal(await emailOf(restart(storage)), email)
  assert.equal(await reuses(), 0)
})

test('an access token that is to be renewed is used while it lives and the server is away', async (t) => {
  const { client } = await signedIn()
  const token = await client.accessToken()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 55_000 })
  const before = gateway.refreshes()
  gateway.fault = () => 'refused'
  assert.equal(await client.accessToken(), token)
  assert.ok(gateway.refreshes() > before, 'it was asked for a new one')
  await assert.rejects(client.accessToken({ minValiditySeconds: 20 }), { code: 'offline' })
  gateway.fault = () => undefined
})

test('a logout is local first and wins over a refresh under way', async () => {
  const { client, storage } = await signedIn()
  const token = storage.stored().refresh_token
  const { promise, resolve } = Promise.withResolvers<void>()
  gateway.held = promise
  const arrived = gateway.refreshes() + 1
  gateway.expireAccessTokens()
  const late = renew(client)
  while (gateway.refreshes() < arrived) await new Promise(setImmediate)
  const end = client.logout()
  resolve()
  gateway.held = Promise.resolve()
  assert.deepEqual(await end, { ended: true })
  assert.equal(await late, null)
  assert.equal(await client.accessToken(), null)
  assert.deepEqual([...storage.items], [])
  assert.equal((await logOut(gateway.server, token)).status, 401, 'the session ended at the server, too')
  assert.deepEqual(await client.logout(), { ended: true })
})

test('a logout without a network is repeated until the server knows of it, and no refresh undoes it', async () => {
  const { client, storage } = await signedIn()
  const token = storage.stored().refresh_token
  gateway.fault = () => 'refused'
  assert.deepEqual(await client.logout(), { ended: false })
  assert.equal(client.session.status, 'signed_out')
  gateway.fault = () => undefined
  const next = restart(storage)
  assert.equal(await next.accessToken(), null)
  while (storage.items.size > 0) await new Promise(setImmediate)
  assert.equal((await logOut(gateway.server, token)).status, 401)
})

test('a logout of others keeps this session', async () => {
  const { client, email } = await signedIn()
  const other = start(new Keychain())
  await other.login({ email, password: PASSWORD })
  assert.deepEqual(await client.logout({ scope: 'others' }), { ended: true })
  assert.equal(await emailOf(client), email)
  assert.equal(await renew(other), null)
})

test('only a verdict signs out, and it has the reason', async () => {
  const { client, storage, email } = await signedIn()
  const causes: string[] = []
  client.on('change', (_, cause) => causes.push(cause))
  const other = start(new Keychain())
  await other.login({ email, password: PASSWORD })
  await other.logout({ scope: 'all' })
  assert.equal(await renew(client), null)
  assert.deepEqual([client.session.status, client.session.reason, client.user], ['signed_out', 'ended', null])
  assert.deepEqual(causes, ['ended'])
  assert.deepEqual([...storage.items], [])
})

test('a successor that cannot be stored is not used: the same token brings it again', async () => {
  const { client, storage, email } = await signedIn()
  const stored = storage.stored()
  storage.isFull = true
  for (let round = 0; round < 3; round++) {
    gateway.expireAccessTokens()
    assert.ok(await renew(client))
    assert.deepEqual(storage.stored(), stored)
  }
  storage.isFull = false
  gateway.expireAccessTokens()
  await renew(client)
  assert.notDeepEqual(storage.stored(), stored)
  assert.equal(await emailOf(client), email)
  assert.equal(await reuses(), 0)
})

test('a session that cannot be stored at all is in memory, and that is said once', async () => {
  const storage = new Keychain()
  storage.isFull = true
  const causes: string[] = []
  const client = start(storage, { onChange: (_, cause) => causes.push(cause) })
  await client.login(ADMIN)
  gateway.expireAccessTokens()
  assert.ok(await renew(client))
  assert.deepEqual(causes, ['login', 'memory_only'])
})

test('programs that share a storage refresh when they like, and none loses the session', async () => {
  const { storage, email } = await signedIn()
  const programs = Array.from({ length: 8 }, () => restart(storage))
  for (let round = 0; round < 6; round++) {
    gateway.expireAccessTokens()
    const tokens = await Promise.all(programs.map(renew))
    assert.ok(tokens.every((token) => token !== null))
  }
  for (const client of programs) assert.equal(client.user?.email, email)
  assert.equal(await reuses(), 0)
})

test('a login as another user in the shared storage is taken over, user and token together', async () => {
  const { storage } = await signedIn()
  const other = await signUp(gateway.server)
  const client = restart(storage)
  await client.accessToken()
  await restart(storage).login({ email: other.email, password: PASSWORD })
  gateway.expireAccessTokens()
  await assert.rejects(client.fetch(`${gateway.url}/api/v1/auth/me`), { name: 'SessionChanged' })
  assert.equal(client.user?.email, other.email)
  assert.equal(await emailOf(client), other.email)
})
