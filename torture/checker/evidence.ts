import type { Settings } from '../clients/world.ts'
import type { Call } from '../history.ts'

/** What the database holds afterwards. */
export interface Stored {
  sessions: { id: string; email: string; kind: string; revoke_reason: string | null }[]
  tokens: { session_id: string; generation: number; used: boolean }[]
  mails: { kind: string; email: string; data: Record<string, unknown>; dedupe_key: string; sent: boolean }[]
}

/** All that is known after a run. */
export interface Evidence {
  settings: Settings
  calls: readonly Call[]
  stored: Stored
  /** Message-ID -> copies that the mail server took, and for whom. */
  taken: ReadonlyMap<string, { copies: number; to: string }>
  /** Lines of the servers' logs that tell of a bug. */
  bugs: readonly string[]
  /** When the last harm had ended. */
  healedAt: number
  /** When the database was read. */
  readAt: number
}

export interface Violation {
  invariant: string
  what: string
  calls: readonly Call[]
}

/** One thing that must hold, whatever was done to the service. */
export interface Invariant {
  name: string
  check(evidence: Evidence): Iterable<Omit<Violation, 'invariant'>>
}

/** The calls that concern a session: its own, and those about its person as a whole. */
export interface SessionCalls {
  id: string
  own: readonly Call[]
  ofPerson: readonly Call[]
  /** When it was asked for; null when its beginning is not in the history. */
  bornAt: number | null
}

const ABOUT_PERSON = ['delete', 'disable', 'set_password']

export function sessionsOf(calls: readonly Call[]): SessionCalls[] {
  const bySession = Map.groupBy(
    calls.filter((call) => call.session !== null),
    (call) => call.session as string,
  )
  const byPerson = Map.groupBy(
    calls.filter((call) => ABOUT_PERSON.includes(call.action)),
    (call) => call.person,
  )
  return [...bySession].map(([id, own]) => ({
    id,
    own,
    ofPerson: byPerson.get(own[0]?.person ?? '') ?? [],
    bornAt: own.find(({ action }) => action === 'login' || action === 'issue')?.begun ?? null,
  }))
}

/** A refresh of a token that came in one piece: with its own access token, if it is a pair. */
export function isRefresh(call: Call): boolean {
  return call.action === 'refresh' && !call.mixed
}

/** Whether a call handed out a successor, and so used its token up, but for the first of an adaptive session. */
export function advanced({ presented, received }: Call): boolean {
  return presented !== null && received !== null && received.generation === presented.generation + 1
}

/** Logins rotate from their second token on; cookies and pairs from the first. */
export function usesUp({ carrier, presented }: Call): boolean {
  return carrier !== 'body' || (presented?.generation ?? 0) > 0
}

/**
 * Whether the policy lets a refresh be reuse, from what others may have done before it was answered: its token's successor
 * was presented, or it was itself, by another attempt, earlier than the window.
 */
export function mayBeReuse(call: Call, own: readonly Call[], { replayWindowMilliseconds }: Settings): boolean {
  const { presented, key, carrier } = call
  if (!presented || !isRefresh(call)) return false
  const window = carrier === 'pair' ? 0 : replayWindowMilliseconds
  return own.some((other) => {
    if (other === call || !other.presented || !isRefresh(other) || other.outcome === 'refused') return false
    if (other.begun >= call.ended) return false
    if (other.outcome === 'ok' && !advanced(other)) return false // a cookie's token was kept
    // A cookie's token is young for a window: its successor is used that much later than it was, so that comes below.
    if (other.presented.generation > presented.generation) return carrier !== 'cookie'
    if (other.presented.generation < presented.generation || !usesUp(call)) return false
    const isOwnAttempt = key !== null && other.key === key
    return !isOwnAttempt && call.ended - other.begun >= window
  })
}

/** From when on a session may be over, as far as anybody can know; infinite while nothing can have ended it. */
export function mayBeOverFrom({ own, ofPerson, bornAt }: SessionCalls, settings: Settings): number {
  const ends = [...own.filter(({ action }) => action === 'logout'), ...ofPerson].filter(
    ({ outcome }) => outcome !== 'refused',
  )
  // An unanswered one may have been reuse, and ended the session; one that was refused did.
  const reuses = own.filter((call) => call.outcome !== 'ok' && mayBeReuse(call, own, settings))
  const expiry = bornAt === null ? -Infinity : bornAt + settings.sessionMaxAgeMilliseconds
  return Math.min(expiry, ...[...ends, ...reuses].map(({ begun }) => begun))
}
