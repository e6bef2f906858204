import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Fastify, { type FastifyError } from 'fastify'
import { RateLimited } from '../../src/auth/limit/rate-limited.ts'
import { HashPool, HashPoolFull } from '../../src/crypto/hash-pool.ts'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { standard } from '../../src/http/contract/standard.ts'
import { type EndpointRequest, endpoint } from '../../src/http/endpoint/endpoint.ts'
import type { HttpContext } from '../../src/http/endpoint/http-context.ts'
import { addRoute } from '../../src/http/server/add-route.ts'
import { rejectIfOverloaded, withHashReservation, withinLimit } from '../../src/http/server/admission.ts'
import { sendError } from '../../src/http/server/send-error.ts'

const PLACES = 3
const limit = { countedBy: 'shared', budgets: () => [], refundedOnSuccess: true } as const

function overloadable() {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: PLACES })
  after(() => pool.close())
  const asked: string[] = []
  const limiter = {
    take: async () => void asked.push('take'),
    refund: async () => void asked.push('refund'),
  }
  return { passwords: createPasswords(pool, { algorithm: 'bcrypt', cost: 4 }), limiter, asked }
}

/** Admits a request the way a route with `work: 'password'` and a shared limit does. */
function admit<Answer>(ctx: ReturnType<typeof overloadable>, work: () => Promise<Answer>): Promise<Answer> {
  return withHashReservation(ctx, () => withinLimit(ctx as unknown as HttpContext, limit, {} as EndpointRequest, work))
}

test('a request that finds the pool full is refused before its limits or anything else are checked', async () => {
  const ctx = overloadable()
  let begun = 0
  const entering = Array.from({ length: 50 }, () =>
    admit(ctx, async () => {
      begun++
      return ctx.passwords.matches('password', null)
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
  for (const failure of [new RateLimited(1), new HashPoolFull(), new Error('a bug')])
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
  await assert.rejects(rejectIfOverloaded(ctx), HashPoolFull)
  while (ends.length < PLACES) await new Promise(setImmediate)
  ends[0]?.()
  await working[0]
  await rejectIfOverloaded(ctx)
  for (const end of ends) end()
  await Promise.all(working)
})

test('an endpoint with a shared limit that hashes no password is served while the pool is full', async () => {
  const { passwords, limiter } = overloadable()
  const log = { info() {}, warn() {}, error() {} }
  const ctx = { passwords, limiter, log } as unknown as HttpContext
  const server = Fastify()
  after(() => server.close())
  const answering = endpoint({ about: null, responses: {}, handle: async () => ({ served: true }) })
  for (const work of ['database', 'password'] as const)
    addRoute(server, ctx, { method: 'POST', path: `/${work}`, contract: standard, work, endpoint: answering, limit })
  server.setErrorHandler((error, request, reply) => sendError(ctx, error as FastifyError, request, reply))
  for (let place = 0; place < PLACES; place++) passwords.reserve()
  assert.equal((await server.inject({ method: 'POST', url: '/database' })).statusCode, 200)
  assert.equal((await server.inject({ method: 'POST', url: '/password' })).statusCode, 503)
})
