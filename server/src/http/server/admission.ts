import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { Budget } from '../../auth/limit/budgets.ts'
import type { Limiter } from '../../auth/limit/limiter.ts'
import { HashPoolFull } from '../../crypto/hash-pool.ts'
import { sha256 } from '../../crypto/sha256.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

const MIN_PAUSE_MILLISECONDS = 15
const MAX_PAUSE_MILLISECONDS = 45

/**
 * Rejects a request while too many passwords are waiting to be hashed, or too many of its network, before its body is
 * read or any store is queried.
 *
 * @throws {HashPoolFull}
 */
export async function rejectIfOverloaded(ctx: Pick<HttpContext, 'passwords' | 'edge'>, request: FastifyRequest) {
  const release = await reserve(ctx, [networkOf(request)])
  release()
}

/**
 * Runs the work with a reserved place in the password pool. A network, and an account, may hold a quarter of the places.
 * The place is held until the work is done, even if the client has disconnected.
 *
 * @throws {HashPoolFull}
 */
export async function withHashReservation<Answer>(
  ctx: Pick<HttpContext, 'passwords' | 'edge'>,
  request: FastifyRequest,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const release = await reserve(ctx, [networkOf(request), ...accountOf(request)])
  try {
    return await work()
  } finally {
    release()
  }
}

/**
 * Reserves a place in the pool; if there is none, throws after a pause. The pause slows down clients that retry
 * immediately. Its length is random: hundreds of clients retrying in step would delay everyone else.
 */
async function reserve(
  { passwords, edge }: Pick<HttpContext, 'passwords' | 'edge'>,
  sharers: readonly string[],
): Promise<() => void> {
  try {
    return passwords.reserve(edge.rateLimit ? sharers : [])
  } catch (full) {
    const spread = Math.random() * (MAX_PAUSE_MILLISECONDS - MIN_PAUSE_MILLISECONDS)
    await sleep(MIN_PAUSE_MILLISECONDS + spread)
    throw full
  }
}

function networkOf({ client }: FastifyRequest): string {
  return `network ${clientNetwork(client.ip)}`
}

/** The account that a body names; none for a sign-up, whose address is in `user`. */
function accountOf({ body }: FastifyRequest): string[] {
  const { email } = (body ?? {}) as { email?: unknown }
  return typeof email === 'string' ? [`account ${sha256(canonicalEmail(email) ?? email)}`] : []
}

/**
 * Runs the work within its budgets.
 *
 * @throws {RateLimited}
 */
export async function withinBudgets<Answer>(
  limiter: Limiter,
  budgets: readonly Budget[],
  work: () => Promise<Answer>,
): Promise<Answer> {
  await limiter.take(budgets)
  const refundsOn = (outcome: Budget['refundedOn']) => budgets.filter(({ refundedOn }) => refundedOn === outcome)
  const answer = await work().catch(async (error) => {
    // No attempt was made, so a busy server must not use one up. The client does not wait for the refund.
    if (error instanceof HashPoolFull || error instanceof Unavailable) void limiter.refund(budgets)
    else await limiter.refund(refundsOn('refusal'))
    throw error
  })
  await limiter.refund(refundsOn('success'))
  return answer
}
