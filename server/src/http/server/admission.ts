import { setTimeout as sleep } from 'node:timers/promises'
import { HashPoolFull } from '../../crypto/hash-pool.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import type { EndpointRequest } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Limit } from '../endpoint/limit.ts'

const MIN_PAUSE_MILLISECONDS = 15
const MAX_PAUSE_MILLISECONDS = 45

/**
 * Rejects a request that would have to wait for too many passwords, before its body is read or any store is asked. The
 * pause slows down clients that come back at once. No two pauses are alike: hundreds of clients in step would make all
 * others wait.
 *
 * @throws {HashPoolFull}
 */
export async function rejectIfOverloaded({ passwords }: Pick<HttpContext, 'passwords'>): Promise<void> {
  const release = await reserve(passwords)
  release()
}

/**
 * Works with a place in the pool of password hashes, which is kept until the work is done, whether or not the client still
 * waits.
 *
 * @throws {HashPoolFull}
 */
export async function withPlace<Answer>(
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

/** A place in the pool; a caller who finds none is told so after a pause. */
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
 * Works within the budgets of an endpoint, which all replicas share.
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
    // Nothing was tried: a busy server must not use up attempts. The client does not wait for the refund.
    if (error instanceof HashPoolFull || error instanceof Unavailable) void limiter.refund(taken)
    throw error
  })
  if (refundedOnSuccess) await limiter.refund(taken)
  return answer
}
