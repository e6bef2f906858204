import type { ReceivedMail } from '../../harness/mail-server.ts'
import type { Settings } from '../actors/world.ts'
import type { Call } from '../history.ts'

/** The rows of the database that the checks need, all read at one moment. */
export interface Snapshot {
  sessions: { id: string; email: string; kind: string; revoke_reason: string | null }[]
  tokens: { session_id: string; generation: number; used: boolean }[]
  mails: {
    kind: string
    email: string
    data: Record<string, unknown>
    dedupe_key: string
    sent: boolean
    leased: boolean
    /** Whether it was not sent, because its link had been used or had ended. */
    dropped: boolean
  }[]
}

/** Message-ID -> how many copies the mail server received, and for which recipient. */
export type Deliveries = ReadonlyMap<string, { copies: number; to: string }>

/** All that is known after a run. */
export interface Evidence {
  settings: Settings
  calls: readonly Call[]
  /** The database at the end of the run. */
  final: Snapshot
  /** The database at times during the run. */
  snapshots: readonly Snapshot[]
  deliveries: Deliveries
  /** Lines of the servers' logs that report a bug, and exits that nothing explains. */
  bugs: readonly string[]
  /** When the last fault had ended. */
  healedAt: number
  /** When the final snapshot was taken. */
  readAt: number
}

export interface Violation {
  invariant: string
  what: string
  calls: readonly Call[]
}

/** A property that must hold whatever faults were injected. */
export interface Invariant {
  name: string
  check(evidence: Evidence): Iterable<Omit<Violation, 'invariant'>>
}

export function countDeliveries(inbox: readonly ReceivedMail[]): Deliveries {
  const byId = Map.groupBy(inbox, ({ messageId }) => messageId ?? '')
  return new Map([...byId].map(([id, mails]) => [id, { copies: mails.length, to: mails[0]?.recipients[0] ?? '' }]))
}
