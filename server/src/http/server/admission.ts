import { setTimeout as sleep } from 'node:timers/promises'
import { HashPoolFull } from '../../crypto/hash-pool.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import type { EndpointRequest } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Limit } from '../endpoint/limit.ts'

const MIN_PAUSE_MILLISECONDS = 15
const MAX_PAUSE_MILLISECONDS = 45

/**
 * Rejects a request while too many passwords are waiting to be hashed, before its body is read or any store is queried.
 * The pause slows down clients that retry immediately. Its length is random: hundreds of clients retrying in step would
 * delay everyone else.
 *
 * @throws {HashPoolFull}
 */
export async function rejectIfOverloaded({ passwords }: Pick<HttpContext, 'passwords'>): Promise<void> {
  const release = await reserve(passwords)
  release()
}

/**
 * Runs the work with a reserved place in the password pool. The place is held until the work is done, even if the client
 * has disconnected.
 *
 * @throws {HashPoolFull}
 */
export async function withHashReservation<Answer>(
  { passwords }: Pick<HttpContext, 'passwords'>,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const release = await reserve(passwords)
  try {
    return await work()
  } finally {
    release()
  }
}

/** Reserves a place in the pool; if the pool is full, throws after a pause. */
async function reserve(passwords: HttpContext['passwords']): Promise<() => void> {
  try {
    return passwords.reserve()
  } catch (full) {
    const spread = Math.random() * (MAX_PAUSE_MILLISECONDS - MIN_PAUSE_MILLISECONDS)
    await sleep(MIN_PAUSE_MILLISECONDS + spread)
    throw full
  }
}

/**
 * Runs the work within the budgets of an endpoint, which all replicas share.
 *
 * @throws {RateLimited}
 */
export async function withinLimit<Answer>(
  ctx: HttpContext,
  { budgets, refundedOnSuccess }: Limit,
  request: EndpointRequest,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const { limiter } = ctx
  const taken = budgets(request, ctx)
  await limiter.take(taken)
  const answer = await work().catch((error) => {
    // No attempt was made, so a busy server must not use one up. The client does not wait for the refund.
    if (error instanceof HashPoolFull || error instanceof Unavailable) void limiter.refund(taken)
    throw error
  })
  if (refundedOnSuccess) await limiter.refund(taken)
  return answer
}
