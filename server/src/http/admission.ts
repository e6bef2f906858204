import { setTimeout as sleep } from 'node:timers/promises'
import type { Budget } from '../auth/limits.ts'
import { LaneFull } from '../crypto/hash-lane.ts'
import { Unavailable } from '../storage/database.ts'
import type { HttpContext, Limit } from './endpoint.ts'

const SHORTEST_PAUSE_MILLISECONDS = 15
const LONGEST_PAUSE_MILLISECONDS = 45

/**
 * Turns a request away that would have to wait for too many passwords, before its body is read or any store is asked. The
 * pause slows down clients that come back at once; that it differs keeps hundreds of them from coming in step, which
 * everybody else would have to wait for.
 *
 * @throws {LaneFull}
 */
export async function turnAwayIfBusy({ passwords }: Pick<HttpContext, 'passwords'>): Promise<void> {
  const leave = await hold(passwords)
  leave()
}

/** A place in the lane; who finds none is told so after a pause. */
async function hold(passwords: HttpContext['passwords']): Promise<() => void> {
  try {
    return passwords.hold()
  } catch (full) {
    const spread = Math.random() * (LONGEST_PAUSE_MILLISECONDS - SHORTEST_PAUSE_MILLISECONDS)
    await sleep(SHORTEST_PAUSE_MILLISECONDS + spread)
    throw full
  }
}

/**
 * Does what costs a hash: with a place in the lane, which is kept until it is done, whether or not the client still waits,
 * and within the budgets of its door.
 *
 * @throws {LaneFull} {@link RateLimited}
 */
export async function admit<Answer>(
  { passwords, limiter }: Pick<HttpContext, 'passwords' | 'limiter'>,
  { givenBackOnSuccess }: Limit,
  budgets: readonly Budget[],
  work: () => Promise<Answer>,
): Promise<Answer> {
  const leave = await hold(passwords)
  try {
    await limiter.take(budgets)
    const answer = await work().catch((error) => {
      // Nothing was tried: a busy server must not use up anybody's attempts. Nor does anybody wait for it.
      if (error instanceof LaneFull || error instanceof Unavailable) void limiter.giveBack(budgets)
      throw error
    })
    if (givenBackOnSuccess) await limiter.giveBack(budgets)
    return answer
  } finally {
    leave()
  }
}
