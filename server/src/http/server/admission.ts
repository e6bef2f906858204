import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { type Budget, isKnownDevice } from '../../auth/limit/budgets.ts'
import type { Limiter } from '../../auth/limit/limiter.ts'
import { HashPoolFull } from '../../crypto/hashing/hash-pool.ts'
import { sha256 } from '../../crypto/hashing/sha256.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import { Refusal } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { presentedDevice } from '../request/device-token.ts'

const MIN_PAUSE_MILLISECONDS = 15
const MAX_PAUSE_MILLISECONDS = 45

type AdmissionContext = Pick<HttpContext, 'passwords' | 'edge' | 'tokens' | 'db'>

/**
 * Rejects a request, before its body is read or any store is queried, if its network has no place in the password pool. The
 * body may show that the device is known, so a place that is kept for known devices is one.
 *
 * @throws {HashPoolFull}
 */
export async function rejectIfOverloaded(ctx: AdmissionContext, request: FastifyRequest) {
  const release = await slowlyIfFull(() => {
    try {
      return reserve(ctx, [networkOf(request)])
    } catch {
      return reserveKept(ctx, request)
    }
  })
  release()
}

/**
 * Runs the work with a reserved place in the password pool. A network, and an account, may hold a quarter of the places. A
 * few more are kept for devices that have signed in to the account; those of one network may hold half of them. The place
 * is held until the work is done, even if the client has disconnected.
 *
 * @throws {HashPoolFull}
 */
export async function withHashReservation<Answer>(
  ctx: AdmissionContext,
  request: FastifyRequest,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const release = await slowlyIfFull(() => reservePlace(ctx, request))
  try {
    return await work()
  } finally {
    release()
  }
}

async function reservePlace(ctx: AdmissionContext, request: FastifyRequest): Promise<() => void> {
  const account = accountOf(request)
  const sharers = [networkOf(request), ...(account === null ? [] : [`account ${sha256(account)}`])]
  try {
    return reserve(ctx, sharers)
  } catch (full) {
    const device = presentedDevice(ctx, request)
    if (account === null || device === null || !(await isKnownDevice(ctx, account, device))) throw full
    // Strangers may have taken the places of the account, and neighbours those of the network.
    return reserveKept(ctx, request)
  }
}

function reserveKept(ctx: AdmissionContext, request: FastifyRequest): () => void {
  return reserve(ctx, [networkOf(request)], { isKnown: true })
}

function reserve(
  { passwords, edge }: AdmissionContext,
  sharers: readonly string[],
  options?: { isKnown: boolean },
): () => void {
  return passwords.reserve(edge.rateLimit ? sharers : [], options)
}

/**
 * Throws after a pause if there is no place. The pause slows down clients that retry
 * immediately. Its length is random: hundreds of clients retrying in step would delay everyone else.
 */
async function slowlyIfFull(reserveOne: () => (() => void) | Promise<() => void>): Promise<() => void> {
  try {
    return await reserveOne()
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
function accountOf({ body }: FastifyRequest): string | null {
  const { email } = (body ?? {}) as { email?: unknown }
  return typeof email === 'string' ? (canonicalEmail(email) ?? email) : null
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
    else await limiter.refund(refundsOn(hasProvenPassword(error) ? 'success' : 'refusal'))
    throw error
  })
  await limiter.refund(refundsOn('success'))
  return answer
}

/** Whether the password was right, though the login is refused until the address is proven. */
function hasProvenPassword(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'email_not_verified'
}
