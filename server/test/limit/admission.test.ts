import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Fastify, { type FastifyError, type FastifyRequest } from 'fastify'
import { RateLimited } from '../../src/auth/limit/rate-limited.ts'
import { HashPool, HashPoolFull } from '../../src/crypto/hashing/hash-pool.ts'
import { createPasswords } from '../../src/crypto/hashing/passwords.ts'
import { standard } from '../../src/http/contract/standard.ts'
import { endpoint } from '../../src/http/endpoint/endpoint.ts'
import type { EdgeSettings, HttpContext } from '../../src/http/endpoint/http-context.ts'
import { addRoute } from '../../src/http/server/add-route.ts'
import { rejectIfOverloaded, withHashReservation, withinBudgets } from '../../src/http/server/admission.ts'
import { sendError } from '../../src/http/server/send-error.ts'

const PLACES = 3
const budgets = [{ key: 'a', points: 1, windowSeconds: 1, refundedOn: 'success' }] as const
const limit = { countedBy: 'shared', budgets: () => budgets } as const
const request = { client: { ip: '192.0.2.1' }, headers: {}, body: { email: 'a@example.com' } } as FastifyRequest
/** No test has a device token, so nothing of these is used. */
const { db, tokens } = {} as HttpContext

function overloadable() {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: PLACES })
  after(() => pool.close())
  const asked: string[] = []
  const limiter = {
    take: async () => void asked.push('take'),
    refund: async () => void asked.push('refund'),
  }
  const edge = { rateLimit: false } as EdgeSettings
  return { passwords: createPasswords(pool, { algorithm: 'bcrypt', cost: 4 }), limiter, asked, edge, db, tokens }
}

/** Admits a request the way a route with `work: 'password'` and a shared limit does. */
function admit<Answer>(ctx: ReturnType<typeof overloadable>, work: () => Promise<Answer>): Promise<Answer> {
  return withHashReservation(ctx, request, () => withinBudgets(ctx.limiter, budgets, work))
}

test('a request that finds the pool full is refused before its limits or anything else are checked', async () => {
  const ctx = overloadable()
  let begun = 0
  const entering = Array.from({ length: 50 }, () =>
    admit(ctx, async () => {
      begun++
      return ctx.passwords.matches('password', null, 'an account')
    }),
  )
  const outcomes = await Promise.allSettled(entering)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 50 - PLACES)
  for (const { reason } of refused) assert.ok(reason instanceof HashPoolFull)
  assert.equal(begun, PLACES)
  assert.equal(ctx.asked.filter((what) => what === 'take').length, PLACES)
})

test('a place is held until the work ends and released however it ends', async () => {
  const ctx = overloadable()
  for (const failure of [new RateLimited(1, ''), new HashPoolFull(), new Error('a bug')])
    for (let time = 0; time < 2 * PLACES; time++)
      await assert.rejects(
        admit(ctx, async () => {
          throw failure
        }),
        failure,
      )
  const ends: (() => void)[] = []
  const working = Array.from({ length: PLACES }, () =>
    admit(ctx, () => new Promise<void>((resolve) => ends.push(resolve))),
  )
  await assert.rejects(rejectIfOverloaded(ctx, request), HashPoolFull)
  while (ends.length < PLACES) await new Promise(setImmediate)
  ends[0]?.()
  await working[0]
  await rejectIfOverloaded(ctx, request)
  for (const end of ends) end()
  await Promise.all(working)
})

test('an endpoint with a shared limit that hashes no password is served while the pool is full', async () => {
  const { passwords, limiter, edge } = overloadable()
  const log = { info() {}, warn() {}, error() {} }
  const ctx = { passwords, limiter, edge, log, maintenance: () => null } as unknown as HttpContext
  const server = Fastify()
  after(() => server.close())
  server.addHook('onRequest', async (arriving) => void Object.assign(arriving, { client: { ip: '192.0.2.1' } }))
  const answering = endpoint({ about: null, responses: {}, handle: async () => ({ served: true }) })
  for (const work of ['database', 'password'] as const)
    addRoute(server, ctx, { method: 'POST', path: `/${work}`, contract: standard, work, endpoint: answering, limit })
  server.setErrorHandler((error, request, reply) => sendError(ctx, error as FastifyError, request, reply))
  for (let place = 0; place < PLACES; place++) passwords.reserve()
  assert.equal((await server.inject({ method: 'POST', url: '/database' })).statusCode, 200)
  assert.equal((await server.inject({ method: 'POST', url: '/password' })).statusCode, 503)
})

test('a network, and an account, may hold a quarter of the places, so that others are served', async () => {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 64 })
  after(() => pool.close())
  const ctx = {
    passwords: createPasswords(pool, { algorithm: 'bcrypt', cost: 4 }),
    edge: { rateLimit: true } as EdgeSettings,
    db,
    tokens,
  }
  const from = (ip: string, email: string) => ({ client: { ip }, headers: {}, body: { email } }) as FastifyRequest
  const ends: (() => void)[] = []
  const enter = async (ip: string, email: string) => {
    try {
      await withHashReservation(ctx, from(ip, email), () => new Promise<void>((resolve) => ends.push(resolve)))
      return 'served'
    } catch {
      return 'refused'
    }
  }
  // One network with a hundred accounts, then one account from a hundred networks.
  const oneNetwork = Array.from({ length: 100 }, (_, n) => enter(`2001:db8::${n}`, `${n}@example.com`))
  const oneAccount = Array.from({ length: 100 }, (_, n) => enter(`192.0.2.${n}`, 'ANN@example.com'))
  const others = Array.from({ length: 32 }, (_, n) => enter(`198.51.100.${n}`, `other${n}@example.com`))
  while (ends.length < 56) await new Promise(setImmediate)
  await rejectIfOverloaded(ctx, from('203.0.113.1', '')) // it may be a known device, for which the last places are kept
  for (let place = 0; place < 8; place++) ends.push(pool.reserve([], { isKnown: true }))
  await assert.rejects(rejectIfOverloaded(ctx, from('203.0.113.1', '')), HashPoolFull, 'all places are held')
  for (const end of ends) end()
  const served = async (entering: Promise<string>[]) =>
    (await Promise.all(entering)).filter((outcome) => outcome === 'served').length
  assert.deepEqual([await served(oneNetwork), await served(oneAccount), await served(others)], [16, 16, 24])
  await rejectIfOverloaded(ctx, from('2001:db8::1', ''))
})
