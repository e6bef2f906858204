import { findEmailsOfLogins, findEmailsOfUsers } from '../../storage/account/users.ts'
import type { LimitWindows } from '../../storage/limits/limit-store.ts'
import type { Context } from '../context/context.ts'
import { accountKey, type KeyedLimit, readLimitKey } from './limit-keys.ts'

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
 * @param options.user only the limits of this user
 */
export async function findSpentLimits(
  ctx: Pick<Context, 'db' | 'now'> & { windows: LimitWindows },
  { user, limit }: { user?: { id: number; email: string }; limit: number },
): Promise<SpentLimit[]> {
  const now = ctx.now()
  const only = user ? accountKey(user.email) : null
  const spent: (SpentLimit & Pick<KeyedLimit, 'account' | 'userId'>)[] = []
  for await (const { key, points, expiresAt } of ctx.windows.openWindows(now)) {
    const keyed = readLimitKey(key)
    if (!keyed || points < keyed.maxPoints) continue
    const { counts, network, account, userId, maxPoints: max } = keyed
    if (user && account !== only && userId !== user.id) continue
    spent.push({ counts, attempts: points, max, network, email: null, ends_at: expiresAt, account, userId })
  }
  const listed = spent.sort((a, b) => b.ends_at.getTime() - a.ends_at.getTime()).slice(0, limit)
  const emails =
    listed.length === 0 ? [] : await findEmailsOfLogins(ctx.db, new Date(now.getTime() - HOUR_MILLISECONDS))
  const byAccount = new Map([...emails, ...(user ? [user.email] : [])].map((one) => [accountKey(one), one]))
  const ids = listed.flatMap(({ userId }) => userId ?? [])
  const byId = ids.length === 0 ? new Map<number, string>() : await findEmailsOfUsers(ctx.db, ids)
  return listed.map(({ account, userId, ...row }) => ({
    ...row,
    email: (account !== null ? byAccount.get(account) : byId.get(userId ?? 0)) ?? null,
  }))
}
