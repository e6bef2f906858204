import type { LimitStore } from '../../storage/limits/limit-store.ts'
import type { Budget } from './budgets.ts'
import { RateLimited } from './rate-limited.ts'

export interface Limiter {
  /**
   * Takes a point from each budget before the work that it limits.
   *
   * @throws {RateLimited}
   * @throws Unavailable when the store is unavailable: a limiter that cannot count lets no request through
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
    if (keys.length === 0) return
    try {
      await store.refund(keys, now())
    } catch {
      // No request waits for an unavailable store: the refund is kept until the store is back. Nothing is thrown, since
      // callers that do not await the refund could not catch it.
      pendingRefunds.push(...keys.slice(0, MAX_PENDING_REFUNDS - pendingRefunds.length))
    }
  }

  return {
    async take(budgets) {
      if (budgets.length === 0) return
      const at = now()
      const states = await store.take(budgets, at)
      const taken = budgets.map((budget, index) => ({ budget, state: states[index] ?? { points: 1, expiresAt: at } }))
      const spent = taken.filter(({ budget, state }) => state.points > budget.points)
      for (const { budget, state } of spent) {
        if (await budget.exempt?.()) continue
        // A refused attempt costs nothing: it was not made. Parallel logins would count each other as failures.
        await refundKeys(taken.map((other) => other.budget.key))
        throw new RateLimited(Math.max(1, Math.ceil((state.expiresAt.getTime() - at.getTime()) / 1000)), budget.key)
      }
      if (pendingRefunds.length > 0) await refundKeys(pendingRefunds.splice(0))
    },
    refund: (budgets) => refundKeys(budgets.map(({ key }) => key)),
  }
}

/** The limiter for `RATE_LIMIT=off`. */
export const unlimited: Limiter = { take: async () => {}, refund: async () => {} }
