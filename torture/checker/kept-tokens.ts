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
  return mayArriveUntil(call) < madeFrom(call.presented.generation, own) + kept
}

/** Session -> generation -> the earliest start of a call that may have made its token: asked for each pair of calls. */
const earliestIssues = new WeakMap<readonly Call[], Map<number, number>>()

function madeFrom(generation: number, own: readonly Call[]): number {
  let known = earliestIssues.get(own)
  if (!known) {
    known = new Map()
    for (const call of own) {
      const made = call.action === 'login' ? 0 : isRefresh(call) && call.presented && call.presented.generation + 1
      if (typeof made === 'number') known.set(made, Math.min(known.get(made) ?? Infinity, call.startedAt))
    }
    earliestIssues.set(own, known)
  }
  return known.get(generation) ?? Infinity
}
