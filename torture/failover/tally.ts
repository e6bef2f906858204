import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../harness/api.ts'

/** The results of all clients in one round. */
export class Tally {
  refreshes = 0
  signUps = 0
  logouts = 0
  reads = 0
  unavailable = 0
  unanswered = 0
  /** Calls that were repeated after a 503 or no answer and turned out to have taken effect the first time. */
  doneUnacknowledged = 0
  /** Asynchronous only: sessions that ended because the database was rolled back. */
  rolledBack = 0
  /** Asynchronous only: sessions that the database no longer has. */
  sessionsUnknown = 0
  readonly violations: string[] = []
}

/** All clients count in the tally of the current round. */
export class Tallies {
  current = new Tally()
  readonly all = [this.current]
  lastRefreshAt = 0

  startRound(): void {
    this.current = new Tally()
    this.all.push(this.current)
  }

  addViolation(what: string): void {
    this.current.violations.push(what)
  }

  addRefresh(): void {
    this.current.refreshes++
    this.lastRefreshAt = performance.now()
  }

  /** Repeats a call until the server has decided it, as an app does during an outage. */
  async retry(call: () => Promise<Answer | null>): Promise<Answer & { isFirst: boolean }> {
    for (let isFirst = true; ; isFirst = false) {
      const answer = await call()
      if (answer && answer.status !== 503) return { ...answer, isFirst }
      if (answer) this.current.unavailable++
      else this.current.unanswered++
      await sleep(20 + Math.random() * 60)
    }
  }
}
