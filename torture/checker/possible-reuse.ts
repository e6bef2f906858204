import type { Settings } from '../actors/world.ts'
import type { Call } from '../history.ts'
import { mayBeIgnored } from './constant-keys.ts'
import { mayArriveUntil, wasKept } from './kept-tokens.ts'
import { isRefresh, type SessionCalls, usesUp } from './session-calls.ts'

/**
 * Whether the policy may have treated a refresh as reuse, given what other clients may have done before its answer: they
 * presented its token's successor, or, more than a window earlier and in another attempt, the token itself.
 */
export function mayBeReuse(call: Call, own: readonly Call[], settings: Settings): boolean {
  const { replayWindowMilliseconds, keptMilliseconds } = settings
  const { presented, key, kind } = call
  if (!presented || !isRefresh(call)) return false
  const window = kind === 'pair' ? 0 : replayWindowMilliseconds
  const until = mayArriveUntil(call)
  // A cookie's successor is kept at first, and is used that much later than its token was.
  const usableFrom =
    kind === 'cookie' ? firstUse(presented.generation, own, keptMilliseconds) + keptMilliseconds : -Infinity
  let isIgnored: boolean | null = null
  const mayIgnoreKey = () => (isIgnored ??= mayBeIgnored(call, own, settings))
  return own.some((other) => {
    if (other === call || !other.presented || !isRefresh(other) || other.outcome === 'refused') return false
    if (other.startedAt >= until) return false
    if (other.presented.generation > presented.generation) {
      return until >= usableFrom && !wasKept(other, own, keptMilliseconds)
    }
    if (other.presented.generation < presented.generation || !usesUp(call)) return false
    const isSameAttempt = key !== null && other.key === key && !mayIgnoreKey()
    if (isSameAttempt || until - other.startedAt < window) return false
    return !wasKept(other, own, keptMilliseconds)
  })
}

/**
 * Returns the earliest time at which a session may have ended, as far as its clients can know; infinite when nothing can
 * have ended it.
 */
export function mayHaveEndedAt({ own, endings, requestedAt }: SessionCalls, settings: Settings): number {
  const carriedOut = endings.filter(({ outcome }) => outcome !== 'refused')
  // An unanswered refresh may have been reuse and have ended the session; a refused one did.
  const reuses = own.filter((call) => call.outcome !== 'ok' && mayBeReuse(call, own, settings))
  const expiry = requestedAt === null ? -Infinity : requestedAt + settings.sessionMaxAgeMilliseconds
  return Math.min(expiry, ...[...carriedOut, ...reuses].map(({ startedAt }) => startedAt))
}

/** The earliest time at which a token of a cookie was used up. */
function firstUse(generation: number, own: readonly Call[], kept: number): number {
  const uses = own.filter(
    (call) => isRefresh(call) && call.presented?.generation === generation && !wasKept(call, own, kept),
  )
  return Math.min(...uses.map(({ startedAt }) => startedAt))
}
