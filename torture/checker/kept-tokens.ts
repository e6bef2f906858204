import { ANSWER_TIMEOUT_MILLISECONDS } from '../../harness/api.ts'
import type { Call } from '../history.ts'
import { advanced, isRefresh } from './session-calls.ts'

/** A call that took this long was abandoned by its client, not cut. */
const ABANDONED_AFTER_MILLISECONDS = ANSWER_TIMEOUT_MILLISECONDS - 100

/** A request that its client abandoned may reach the server at any later time; one that was cut does not. */
export function mayArriveUntil({ startedAt, endedAt, status }: Call): number {
  return status === null && endedAt - startedAt >= ABANDONED_AFTER_MILLISECONDS ? Infinity : endedAt
}

/** Whether a token may be answered with itself: in a cookie, or in a login's body with its attempt. */
export function mayBeKept({ kind, key }: Call): boolean {
  return kind === 'cookie' || (kind === 'login' && key !== null && ATTEMPT.test(key))
}

/** An attempt; keys that clients draw are shorter. */
const ATTEMPT = /^[\w-]{43}$/

/**
 * Whether a token was certainly kept, that is answered with itself: because its client saw it, or because it was presented
 * a moment after it was made.
 *
 * @param kept the milliseconds of that moment
 */
export function wasKept(call: Call, own: readonly Call[], kept: number): boolean {
  if (!mayBeKept(call) || !call.presented) return false
  if (call.outcome === 'ok') return !advanced(call)
  const { generation } = call.presented
  const issuers = own.filter((other) =>
    generation === 0 ? other.action === 'login' : isRefresh(other) && other.presented?.generation === generation - 1,
  )
  return mayArriveUntil(call) < Math.min(...issuers.map(({ startedAt }) => startedAt)) + kept
}
