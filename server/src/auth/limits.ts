import { sha256 } from '../crypto/sha256.ts'
import { networkOf } from '../net/ip-address.ts'
import { Unavailable } from '../storage/errors.ts'
import type { LimitStore } from '../storage/limits/limit-store.ts'
import { findLoginAddresses } from '../storage/sessions.ts'
import type { Context } from './context.ts'
import { canonicalEmail } from './email-address.ts'

/** So many points in a window, for one key. */
export interface Budget {
  key: string
  points: number
  windowSeconds: number
  /** Asked when it is spent: whether this caller may go on all the same. */
  exempt?: () => Promise<boolean>
}

/** A budget is spent; the same for accounts that exist and that do not. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('rate limited')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

const QUARTER_HOUR_SECONDS = 900
const HOUR_SECONDS = 3600

/**
 * Ten failures per account and network, a hundred per network, and a hundred per account wherever they come from. The last
 * does not count in networks that the person has a session from: nobody elsewhere can lock them out there. A right login
 * gives its points back.
 */
export function loginBudgets(ctx: Pick<Context, 'db'>, ip: string, email: string): Budget[] {
  const canonical = canonicalEmail(email)
  const account = sha256(canonical ?? email)
  const [network, windowSeconds] = [networkOf(ip), QUARTER_HOUR_SECONDS]
  return [
    { key: `login ${network}`, points: 100, windowSeconds },
    { key: `login ${network} ${account}`, points: 10, windowSeconds },
    { key: `login * ${account}`, points: 100, windowSeconds, exempt: () => isKnownFrom(ctx, network, canonical ?? '') },
  ]
}

/** The same statement for accounts that exist and that do not. */
async function isKnownFrom({ db }: Pick<Context, 'db'>, network: string, email: string): Promise<boolean> {
  const addresses = await findLoginAddresses(db, email)
  return addresses.some((address) => networkOf(address) === network)
}

export function signUpBudgets(ip: string): Budget[] {
  return [{ key: `sign-up ${networkOf(ip)}`, points: 60, windowSeconds: HOUR_SECONDS }]
}

const MINUTE_SECONDS = 60

/** So many calls a minute from one network, at a door whose callers have proved themselves or are about to, cheaply. */
export function networkBudgets(endpoint: string, ip: string, pointsPerMinute: number): Budget[] {
  return [{ key: `${endpoint} ${networkOf(ip)}`, points: pointsPerMinute, windowSeconds: MINUTE_SECONDS }]
}

export interface Limiter {
  /**
   * Takes a point from each budget before the work that it limits.
   *
   * @throws {RateLimited}
   * @throws {Unavailable} when the store is away: a limit that cannot count lets nobody through
   */
  take(budgets: readonly Budget[]): Promise<void>
  /** For callers who proved themselves, and for work that was never done. */
  refund(budgets: readonly Budget[]): Promise<void>
}

/** So many points are remembered for a store that is away. */
const MAX_PENDING_REFUNDS = 10_000

export function createLimiter(store: LimitStore, now: () => Date): Limiter {
  const pendingRefunds: string[] = []

  async function refundKeys(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      try {
        await store.refund(key, now())
      } catch {
        // Nobody waits for a dead store to take points back, and nobody loses them: they are returned when it lives.
        // Never thrown, since callers who do not wait for it could not catch it.
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
        // Refused by one budget, an attempt that was never made costs the others nothing.
        const refunding = refundKeys(taken)
        if (!(error instanceof Unavailable)) await refunding
        throw error
      }
      if (pendingRefunds.length > 0) await refundKeys(pendingRefunds.splice(0))
    },
    refund: (budgets) => refundKeys(budgets.map(({ key }) => key)),
  }
}

/** `RATE_LIMIT=off` */
export const unlimited: Limiter = { take: async () => {}, refund: async () => {} }
