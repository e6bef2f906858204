import { findEmailsOfLogins } from '../../storage/account/users.ts'
import type { LimitWindows } from '../../storage/limits/limit-store.ts'
import type { Context } from '../context/context.ts'
import { accountKey, readLimitKey } from './limit-keys.ts'

/** A limit that refuses at the moment. */
export interface SpentLimit {
  /** The attempts that count, in words for operators. */
  counts: string
  /** Attempts in the window; those that were refused do not count. */
  attempts: number
  max: number
  network: string | null
  /** The address of the account, if it has one that signed in or failed to within the hour; null for unknown addresses. */
  email: string | null
  ends_at: Date
}

const HOUR_MILLISECONDS = 3_600_000

/**
 * Returns the limits that refuse at the moment, the ones that end last first.
 *
 * @param options.email only the limits of this account
 */
export async function findSpentLimits(
  ctx: Pick<Context, 'db' | 'now'> & { windows: LimitWindows },
  { email, limit }: { email?: string; limit: number },
): Promise<SpentLimit[]> {
  const now = ctx.now()
  const only = email === undefined ? null : accountKey(email)
  const spent: (SpentLimit & { account: string | null })[] = []
  for await (const { key, points, expiresAt } of ctx.windows.openWindows(now)) {
    const keyed = readLimitKey(key)
    if (!keyed || points < keyed.maxPoints || (only !== null && keyed.account !== only)) continue
    const { counts, network, account, maxPoints: max } = keyed
    spent.push({ counts, attempts: points, max, network, email: null, ends_at: expiresAt, account })
  }
  const listed = spent.sort((a, b) => b.ends_at.getTime() - a.ends_at.getTime()).slice(0, limit)
  const emails =
    listed.length === 0 ? [] : await findEmailsOfLogins(ctx.db, new Date(now.getTime() - HOUR_MILLISECONDS))
  const byAccount = new Map([...emails, ...(email === undefined ? [] : [email])].map((one) => [accountKey(one), one]))
  return listed.map(({ account, ...row }) => ({
    ...row,
    email: account === null ? null : (byAccount.get(account) ?? null),
  }))
}
