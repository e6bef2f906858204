import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../harness/api.ts'

/** What happened in a round. */
export class Tally {
  refreshes = 0
  signUps = 0
  logouts = 0
  reads = 0
  unavailable = 0
  unanswered = 0
  /** Repeats of a call that turned out to have been done although its first answer was 503 or none. */
  doneUnsaid = 0
  /** Asynchronous only: sessions that ended because history was lost, and acknowledged work that is gone. */
  rolledBack = 0
  sessionsUnknown = 0
  readonly violations: string[] = []
}

/** All clients count into one tally, which a new round replaces. */
export class Tallies {
  current = new Tally()
  readonly all = [this.current]
  lastRefresh = 0

  begin(): void {
    this.current = new Tally()
    this.all.push(this.current)
  }

  violated(what: string): void {
    this.current.violations.push(what)
  }

  refreshed(): void {
    this.current.refreshes++
    this.lastRefresh = performance.now()
  }

  /** Repeats a call until something was decided, as an app does whose server or network is away. */
  async retry(call: () => Promise<Answer | null>): Promise<Answer & { first: boolean }> {
    for (let first = true; ; first = false) {
      const answer = await call()
      if (answer && answer.status !== 503) return { ...answer, first }
      if (answer) this.current.unavailable++
      else this.current.unanswered++
      await sleep(20 + Math.random() * 60)
    }
  }
}
