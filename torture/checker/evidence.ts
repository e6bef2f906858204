import { ANSWER_TIMEOUT_MILLISECONDS } from '../../harness/api.ts'
import type { ReceivedMail } from '../../harness/mail-server.ts'
import type { Settings } from '../actors/world.ts'
import type { Call } from '../history.ts'

/** What the database holds afterwards. */
export interface Stored {
  sessions: { id: string; email: string; kind: string; revoke_reason: string | null }[]
  tokens: { session_id: string; generation: number; used: boolean }[]
  mails: {
    kind: string
    email: string
    data: Record<string, unknown>
    dedupe_key: string
    sent: boolean
    leased: boolean
  }[]
}

/** All that is known after a run. */
export interface Evidence {
  settings: Settings
  calls: readonly Call[]
  stored: Stored
  /** The same in the middle of the run, each of one moment. */
  looks: readonly Stored[]
  /** Message-ID -> copies that the mail server took, and for whom. */
  taken: ReadonlyMap<string, { copies: number; to: string }>
  /** Lines of the servers' logs that tell of a bug. */
  bugs: readonly string[]
  /** When the last harm had ended. */
  healedAt: number
  /** When the database was read. */
  readAt: number
}

/** Counts the copies of each mail that a mail server took. */
export function takenMails(inbox: readonly ReceivedMail[]): Evidence['taken'] {
  const byId = Map.groupBy(inbox, ({ messageId }) => messageId ?? '')
  return new Map([...byId].map(([id, mails]) => [id, { copies: mails.length, to: mails[0]?.recipients[0] ?? '' }]))
}

/** A little less than clients wait for an answer. */
const GIVEN_UP_MILLISECONDS = ANSWER_TIMEOUT_MILLISECONDS - 100

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

/** The calls that concern a session: its own, and those about its user as a whole. */
export interface SessionCalls {
  id: string
  own: readonly Call[]
  ofUser: readonly Call[]
  /** When it was asked for; null when its beginning is not in the history. */
  bornAt: number | null
}

export const ABOUT_USER: readonly string[] = ['delete', 'disable', 'set_password']

export function sessionsOf(calls: readonly Call[]): SessionCalls[] {
  const bySession = Map.groupBy(
    calls.filter((call) => call.session !== null),
    (call) => call.session as string,
  )
  const byUser = Map.groupBy(
    calls.filter((call) => ABOUT_USER.includes(call.action)),
    (call) => call.user,
  )
  return [...bySession].map(([id, own]) => ({
    id,
    own,
    ofUser: byUser.get(own[0]?.user ?? '') ?? [],
    bornAt: own.find(({ action }) => action === 'login' || action === 'issue')?.startedAt ?? null,
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
export function usesUp({ kind, presented }: Call): boolean {
  return kind !== 'login' || (presented?.generation ?? 0) > 0
}

/**
 * Whether the policy lets a refresh be reuse, from what others may have done before it was answered: its token's successor
 * was presented, or it was itself, by another attempt, earlier than the window.
 */
export function mayBeReuse(call: Call, own: readonly Call[], { replayWindowMilliseconds }: Settings): boolean {
  const { presented, key, kind } = call
  if (!presented || !isRefresh(call)) return false
  const window = kind === 'pair' ? 0 : replayWindowMilliseconds
  const until = mayArriveUntil(call)
  // A cookie's successor is young for a window, and used that much later than its token was.
  const usableFrom = kind === 'cookie' ? firstUse(presented.generation, own, window) : -Infinity
  return own.some((other) => {
    if (other === call || !other.presented || !isRefresh(other) || other.outcome === 'refused') return false
    if (other.startedAt >= until) return false
    if (other.presented.generation > presented.generation) {
      return until - window >= usableFrom && !wasKept(other, own, replayWindowMilliseconds)
    }
    if (other.presented.generation < presented.generation || !usesUp(call)) return false
    const isOwnAttempt = key !== null && other.key === key
    if (isOwnAttempt || until - other.startedAt < window) return false
    return !wasKept(other, own, replayWindowMilliseconds)
  })
}

/** When a token of a cookie was used up at the earliest. */
function firstUse(generation: number, own: readonly Call[], window: number): number {
  const uses = own.filter((each) => each.presented?.generation === generation && !wasKept(each, own, window))
  return Math.min(...uses.map(({ startedAt }) => startedAt))
}

/** What its client gave up waiting for may arrive whenever it likes; what was cut does not. */
function mayArriveUntil({ startedAt, endedAt, status }: Call): number {
  return status === null && endedAt - startedAt >= GIVEN_UP_MILLISECONDS ? Infinity : endedAt
}

/** Whether a cookie's token was surely answered with itself: seen, or asked for while it was young, answered or not. */
function wasKept(call: Call, own: readonly Call[], window: number): boolean {
  if (call.kind !== 'cookie' || !call.presented) return false
  if (call.outcome === 'ok') return !advanced(call)
  const { generation } = call.presented
  const makers = own.filter(({ action, presented }) =>
    generation === 0 ? action === 'login' : presented?.generation === generation - 1,
  )
  return mayArriveUntil(call) < Math.min(...makers.map(({ startedAt }) => startedAt)) + window
}

/** From when on a session may be over, as far as anybody can know; infinite while nothing can have ended it. */
export function mayBeOverFrom({ own, ofUser, bornAt }: SessionCalls, settings: Settings): number {
  const ends = [...own.filter(({ action }) => action === 'logout'), ...ofUser].filter(
    ({ outcome }) => outcome !== 'refused',
  )
  // An unanswered one may have been reuse, and ended the session; one that was refused did.
  const reuses = own.filter((call) => call.outcome !== 'ok' && mayBeReuse(call, own, settings))
  const expiry = bornAt === null ? -Infinity : bornAt + settings.sessionMaxAgeMilliseconds
  return Math.min(expiry, ...[...ends, ...reuses].map(({ startedAt }) => startedAt))
}
