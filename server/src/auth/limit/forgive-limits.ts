import type { LimitWindows } from '../../storage/limits/limit-store.ts'
import { clientNetwork, surroundingNetworks } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { accountKey, type KeyedLimit, readLimitKey } from './limit-keys.ts'

/** The limits to forgive: those of a user, of a network, or all. */
export type Forgiven = { user: { id: number; email: string } } | { network: string } | 'all'

/**
 * Ends limits, so that the next attempt counts as the first, and records that. On PostgreSQL and Redis, points below a limit are forgiven,
 * too.
 *
 * @param forgiven.network an IP address, with the networks around it, or a network as `findSpentLimits` returns it
 * @returns the number of limits that counted points
 */
export async function forgiveLimits(
  ctx: Pick<Context, 'db' | 'now'> & { windows: LimitWindows },
  forgiven: Forgiven,
  origin: Origin,
): Promise<number> {
  const now = ctx.now()
  const isForgiven = matcherOf(forgiven)
  const keys: string[] = []
  for await (const { key } of ctx.windows.openWindows(now)) {
    const limit = readLimitKey(key)
    if (limit && isForgiven(limit)) keys.push(key)
  }
  await ctx.windows.endWindows(keys)
  if (keys.length === 0) return 0
  const userId = forgiven !== 'all' && 'user' in forgiven ? forgiven.user.id : null
  const of = forgiven !== 'all' && 'network' in forgiven ? { network: forgiven.network } : {}
  await recordEvent(ctx.db, { kind: 'limits_forgiven', userId, details: { ...of, limits: keys.length } }, origin, now)
  return keys.length
}

function matcherOf(forgiven: Forgiven): (limit: KeyedLimit) => boolean {
  if (forgiven === 'all') return () => true
  if ('user' in forgiven) {
    const account = accountKey(forgiven.user.email)
    return (limit) => limit.account === account || limit.userId === forgiven.user.id
  }
  const { network } = forgiven
  const site = network.includes('/') ? null : surroundingNetworks(network)
  const networks = [network.includes('/') ? network : clientNetwork(network), site?.site56, site?.site48]
  return (limit) => limit.network !== null && networks.includes(limit.network)
}
