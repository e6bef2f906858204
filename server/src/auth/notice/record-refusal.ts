import { clientNetwork } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from './record-event.ts'

/** A refusal that tells of an attack or of a wrong setting, and that any host can cause as often as it likes. */
export interface NotableRefusal {
  kind: 'limit_reached' | 'service_key_refused' | 'cross_site_refused'
  details: Record<string, string>
}

const HOUR_MILLISECONDS = 3_600_000
/** More networks an hour are an attack that a hundred rows show as well. */
const MAX_EVENTS_PER_HOUR = 100

/**
 * Returns a function that audits refusals: each kind once per network and hour, at most a hundred of a kind per hour and
 * process. No request waits for it, and none fails because of it.
 */
export function createRefusalAudit(
  ctx: Pick<Context, 'db' | 'now' | 'log'>,
): (refusal: NotableRefusal, client: Client) => void {
  const recorded = new Map<string, Set<string>>()
  let hour = 0

  const isNew = (kind: string, network: string, now: Date) => {
    const currentHour = Math.floor(now.getTime() / HOUR_MILLISECONDS)
    if (currentHour !== hour) recorded.clear()
    hour = currentHour
    const networks = recorded.get(kind) ?? new Set()
    recorded.set(kind, networks)
    if (networks.has(network) || networks.size >= MAX_EVENTS_PER_HOUR) return false
    networks.add(network)
    return true
  }

  return ({ kind, details }, client) => {
    const now = ctx.now()
    if (!isNew(kind, clientNetwork(client.ip), now)) return
    recordEvent(ctx.db, { kind, userId: null, details }, client, now).catch((error: Error) =>
      ctx.log.warn({ kind, reason: error.message }, 'a refusal could not be audited'),
    )
  }
}
