import { Unavailable } from '../database/errors.ts'
import type { LimitStore } from './limit-store.ts'

const RETRY_MILLISECONDS = 1000

/**
 * Counts in a second store while the first one is away, and tries the first one again every second, with one request. Counts
 * are not carried over: after a change of stores, windows begin anew.
 */
export function substituteLimits(
  first: LimitStore,
  second: LimitStore,
  { onAway, onBack }: { onAway: (error: Unavailable) => void; onBack: () => void },
): LimitStore & { isFirstUp: () => boolean } {
  let isAway = false
  let retryAt = 0
  const noteAway = (error: Unavailable) => {
    if (!isAway) onAway(error)
    isAway = true
    retryAt = performance.now() + RETRY_MILLISECONDS
  }
  const noteBack = () => {
    if (isAway) onBack()
    isAway = false
  }
  const isTurnOfFirst = () => {
    if (!isAway) return true
    if (performance.now() < retryAt) return false
    retryAt = performance.now() + RETRY_MILLISECONDS
    return true
  }
  return {
    isFirstUp: () => !isAway,
    async take(points, now) {
      if (!isTurnOfFirst()) return second.take(points, now)
      try {
        const states = await first.take(points, now)
        noteBack()
        return states
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        noteAway(error)
        return second.take(points, now)
      }
    },
    refund: (keys, now) => (isAway ? second : first).refund(keys, now),
  }
}
