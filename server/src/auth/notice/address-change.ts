import type { Queries } from '../../storage/database/database.ts'
import { findAuditEvents } from '../../storage/notice/audit-events.ts'
import { findMailsSince } from '../../storage/notice/outbox.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Client } from '../context/origin.ts'
import { notify } from './notify.ts'
import { recordEvent } from './record-event.ts'

const DAY_MILLISECONDS = 86_400_000
/** Of one session. Two networks in turn make one event each; only an attacker has more than a hundred networks a day. */
const MAX_EVENTS_PER_DAY = 100

interface AddressChange {
  session: { id: string; userId: number }
  /** The generation of the token that was used from the new address. */
  generation: number
  previousIp: string
  client: Client
  now: Date
}

/**
 * Records that a pair moved to another network, once per session and network in 24 hours, and warns its user as often, at
 * most three times an hour. This is part of the rotation's transaction, so that a refresh that fails sends no warning; the
 * caller holds the user's lock ({@link lockUserExclusive}), so that parallel refreshes count each other's mails.
 */
export async function recordAddressChange(tx: Queries, change: AddressChange): Promise<void> {
  const { session, generation, previousIp, client, now } = change
  tx.tell?.({ what: 'address_changed' })
  const network = clientNetwork(client.ip)
  const kind = 'address_changed'
  const aDayAgo = new Date(now.getTime() - DAY_MILLISECONDS)
  const filter = { userIds: null, sessionId: session.id, kind, since: aDayAgo, until: null } as const
  const events = await findAuditEvents(tx, { ...filter, limit: MAX_EVENTS_PER_DAY })
  const isRecorded = events.some(({ ip }) => ip !== null && clientNetwork(ip) === network)
  if (!isRecorded && events.length < MAX_EVENTS_PER_DAY) {
    const about = { userId: session.userId, sessionId: session.id, details: { old_ip: previousIp } }
    await recordEvent(tx, { kind, ...about }, client, now)
  }

  const mails = await findMailsSince(tx, { userId: session.userId, kind, since: aDayAgo })
  const isWarned = mails.some(({ data }) => data['session_id'] === session.id && data['network'] === network)
  if (isWarned) return

  const data = {
    session_id: session.id,
    network,
    old_ip: previousIp,
    new_ip: client.ip,
    user_agent: client.userAgent,
    at: now.toISOString(),
  }
  const dedupe_key = `address_changed:${session.id}:${generation}`
  await notify(tx, { user_id: session.userId, kind, data, dedupe_key }, now)
}
