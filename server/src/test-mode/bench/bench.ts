import type { DeliveredTokens } from './delivered-tokens.ts'
import type { Faults } from './faults.ts'
import type { TestClock } from './test-clock.ts'

/** Everything that tests may do with their server. */
export interface Bench {
  clock: TestClock
  faults: Faults
  delivered: DeliveredTokens
  isAdminKey(key: string): boolean
  /** Runs all background work now, as it would have run in the time that was skipped. */
  runBackground(): Promise<void>
  /** Writes the mails that clients asked for. */
  writeMails(): Promise<void>
  /** Deletes everything, and creates the users of the start again. */
  reset(): Promise<void>
}
