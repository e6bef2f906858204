import { startTimer } from './elapsed-time.ts'

/** The longest pause: an outage of ten minutes costs at most 20 requests. */
const MAX_PAUSE_SECONDS = 48

/** Pauses after failures. The first one is tried again at once: most are a connection that was lost. */
export function createBackoff() {
  let pauseSeconds = 0
  let nextSeconds = 0
  let elapsed = startTimer()
  return {
    /** Returns whether the request may be repeated at once. */
    fail(retryAfterSeconds = 0): boolean {
      pauseSeconds = Math.max(nextSeconds * (1 + Math.random() / 4), retryAfterSeconds)
      nextSeconds = Math.min(nextSeconds * 2 || 1, MAX_PAUSE_SECONDS)
      elapsed = startTimer()
      return pauseSeconds === 0
    },
    succeed(): void {
      pauseSeconds = nextSeconds = 0
    },
    /** The network is back: the next request need not wait. */
    lift(): void {
      pauseSeconds = 0
    },
    isPausing: (): boolean => elapsed() < pauseSeconds,
  }
}
