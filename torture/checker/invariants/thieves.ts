import type { Call } from '../../history.ts'
import { advanced, type Evidence, type Invariant, isRefresh, sessionsOf, usesUp } from '../evidence.ts'

/**
 * A token that was used up is good for nothing but the repetition of a lost answer: never after its successor was used, and
 * later than the window only by the attempt that used it. So owner and thief, who both present the same token sooner or
 * later, do not both go on.
 */
export const caughtThieves: Invariant = {
  name: 'a used token does not live on',
  *check({ calls, settings }) {
    for (const { own } of sessionsOf(calls)) {
      const answered = own.filter((call) => isRefresh(call) && call.outcome === 'ok')
      for (const call of answered) {
        const superseding = answered.find((other) => supersedes(other, call))
        if (superseding) yield { what: 'a token was good after its successor was used', calls: [superseding, call] }
        const earlier = answered.find((other) => isForeignUse(other, call, own, settings))
        if (earlier) yield { what: 'a used token was good again after the window', calls: [earlier, call] }
      }
    }
  },
}

function supersedes(other: Call, call: Call): boolean {
  const [before, after] = [other.presented?.generation ?? 0, call.presented?.generation ?? 0]
  return before > after && advanced(other) && usesUp(other) && other.endedAt < call.startedAt
}

function isForeignUse(other: Call, call: Call, own: readonly Call[], settings: Evidence['settings']): boolean {
  if (other === call || other.presented?.print !== call.presented?.print) return false
  if (!advanced(other) || !advanced(call) || !usesUp(call)) return false
  const window = call.kind === 'pair' ? 0 : settings.replayWindowMilliseconds
  if (call.startedAt - other.endedAt <= window) return false
  if (call.kind === 'pair' && call.key !== other.key) return true
  // The attempt that used it first may have gone unanswered.
  const isRepetition = own.some(
    ({ presented, key, startedAt }) =>
      key !== null && key === call.key && presented?.print === call.presented?.print && startedAt < other.endedAt,
  )
  return !isRepetition
}
