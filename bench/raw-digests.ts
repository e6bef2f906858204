import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import { type Pace, repeatFor } from './repeat-for.ts'

const PASSWORD = 'correct horse battery'

/** What the machine can do of a login's digest at most: every core compares passwords and does nothing else. */
export async function measureDigests(seconds: number, cost: number): Promise<Pace> {
  const digest = await bcrypt.hash(PASSWORD, cost)
  // As many as the thread pool of Node.js has threads: no core waits for the next one.
  const atOnce = Math.max(4, availableParallelism())
  return repeatFor(
    seconds,
    Array.from({ length: atOnce }, () => () => bcrypt.compare(PASSWORD, digest)),
  )
}
