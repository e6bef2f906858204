import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import { type Pace, repeatFor } from '../load/repeat-for.ts'

const PASSWORD = 'correct horse battery'

/** Measures how many digests of a login the machine can compute if it does nothing else. */
export async function measureDigests(seconds: number, cost: number): Promise<Pace> {
  const digest = await bcrypt.hash(PASSWORD, cost)
  // One for each thread of Node.js' pool, so that no core is idle.
  const atOnce = Math.max(4, availableParallelism())
  return repeatFor(
    seconds,
    Array.from({ length: atOnce }, () => () => bcrypt.compare(PASSWORD, digest)),
  )
}
