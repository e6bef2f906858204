import { Unavailable } from '../../storage/database/errors.ts'
import type { LimitStore } from '../../storage/limits/limit-store.ts'
import type { Budget } from './budgets.ts'
import { RateLimited } from './rate-limited.ts'

export interface Limiter {
  /**
   * Takes a point from each budget before the work that it limits.
   *
   * @throws {RateLimited}
   * @throws {Unavailable} when the store is unavailable: a limiter that cannot count lets no request through
   */
  take(budgets: readonly Budget[]): Promise<void>
  /** Refunds clients that authenticated, and work that was never done. */
  refund(budgets: readonly Budget[]): Promise<void>
}

/** The most refunds that are kept while the store is unavailable. */
const MAX_PENDING_REFUNDS = 10_000

export function createLimiter(store: LimitStore, now: () => Date): Limiter {
  const pendingRefunds: string[] = []

  async function refundKeys(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      try {
        await store.refund(key, now())
      } catch {
        // No request waits for an unavailable store: the refund is kept until the store is back. Nothing is thrown, since
        // callers that do not await the refund could not catch it.
        if (pendingRefunds.length < MAX_PENDING_REFUNDS) pendingRefunds.push(key)
      }
    }
  }

  return {
    async take(budgets) {
      const at = now()
      const taken: string[] = []
      try {
        for (const { key, points, windowSeconds, exempt } of budgets) {
          const state = await store.take(key, windowSeconds, at)
          if (state.points > points && !(await exempt?.())) {
            throw new RateLimited(Math.max(1, Math.ceil((state.expiresAt.getTime() - at.getTime()) / 1000)))
          }
          taken.push(key)
        }
      } catch (error) {
        // An attempt that one budget refuses costs the others nothing.
        const refunding = refundKeys(taken)
        if (!(error instanceof Unavailable)) await refunding
        throw error
      }
      if (pendingRefunds.length > 0) await refundKeys(pendingRefunds.splice(0))
    },
    refund: (budgets) => refundKeys(budgets.map(({ key }) => key)),
  }
}

/** The limiter for `RATE_LIMIT=off`. */
export const unlimited: Limiter = { take: async () => {}, refund: async () => {} }
