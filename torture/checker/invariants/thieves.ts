import type { Call } from '../../history.ts'
import { mustBeIgnored } from '../constant-keys.ts'
import type { Evidence, Invariant } from '../evidence.ts'
import { advanced, isRefresh, sessionsOf, usesUp } from '../session-calls.ts'

/**
 * A used token is accepted only to repeat a lost answer: never after its successor was used, and after the window only in
 * the attempt that used it, known by a key that did not use up the token before, too. So if an owner and a thief both
 * present the same token, one of them cannot continue, even if the thief knows a constant key.
 */
export const caughtThieves: Invariant = {
  name: 'a used token is not accepted again',
  *check({ calls, settings }) {
    for (const { own } of sessionsOf(calls)) {
      const answered = own.filter((call) => isRefresh(call) && call.outcome === 'ok')
      for (const call of answered) {
        const superseding = answered.find((other) => supersedes(other, call))
        if (superseding) yield { what: 'a token was accepted after its successor was used', calls: [superseding, call] }
        const earlier = answered.find((other) => isForeignUse(other, call, own, settings))
        if (earlier) yield { what: 'a used token was accepted after the window', calls: [earlier, call] }
      }
    }
  },
}

function supersedes(other: Call, call: Call): boolean {
  const [otherGeneration, generation] = [other.presented?.generation ?? 0, call.presented?.generation ?? 0]
  return otherGeneration > generation && advanced(other) && usesUp(other) && other.endedAt < call.startedAt
}

/** Whether the other call used the token of this one, more than a window earlier and in another attempt. */
function isForeignUse(other: Call, call: Call, own: readonly Call[], settings: Evidence['settings']): boolean {
  if (other === call || !isSameToken(other, call)) return false
  if (!advanced(other) || !advanced(call) || !usesUp(call)) return false
  const window = call.kind === 'pair' ? 0 : settings.replayWindowMilliseconds
  if (call.startedAt - other.endedAt <= window) return false
  if (call.kind === 'pair' && call.key !== other.key) return true
  if (mustBeIgnored(call, own, settings)) return true
  // The attempt that used the token first may not have been answered.
  const isRepetition = own.some(
    (earlier) =>
      call.key !== null && earlier.key === call.key && isSameToken(earlier, call) && earlier.startedAt < other.endedAt,
  )
  return !isRepetition
}

function isSameToken(one: Call, other: Call): boolean {
  return one.presented?.fingerprint === other.presented?.fingerprint
}
