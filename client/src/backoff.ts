import { secondsSince, thisMoment } from './elapsed-time.ts'

/** The longest pause: an outage of ten minutes costs at most 20 requests. */
const MAX_PAUSE_SECONDS = 48

/** Pauses after failures. The first one is tried again at once: most are a connection that was lost. */
export function createBackoff() {
  let failures = 0
  let pauseSeconds = 0
  let since = thisMoment()
  return {
    /** Returns whether the request may be repeated at once. */
    fail(retryAfterSeconds = 0): boolean {
      const own = failures && Math.min(2 ** (failures - 1), MAX_PAUSE_SECONDS)
      failures += 1
      pauseSeconds = Math.max(own * (1 + Math.random() / 4), retryAfterSeconds)
      since = thisMoment()
      return pauseSeconds === 0
    },
    succeed(): void {
      failures = pauseSeconds = 0
    },
    /** The network is back: the next request need not wait. */
    lift(): void {
      pauseSeconds = 0
    },
    isPausing: (): boolean => secondsSince(since) < pauseSeconds,
  }
}
