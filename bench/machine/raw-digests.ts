import { type Argon2Parameters, argon2 } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import bcrypt from 'bcrypt'
import { type Pace, repeatFor } from '../load/repeat-for.ts'

const PASSWORD = 'correct horse battery'

/** The parameters of Tessera's digests. */
const ARGON2: Argon2Parameters = {
  message: PASSWORD,
  nonce: 'a salt of sixteen',
  memory: 19_456,
  passes: 2,
  parallelism: 1,
  tagLength: 32,
}

/** Measures how many digests of a login the machine can compute if it does nothing else. */
export async function measureDigests(seconds: number, hash: 'bcrypt' | 'argon2id', cost: number): Promise<Pace> {
  const digest = await bcrypt.hash(PASSWORD, cost)
  const step = hash === 'bcrypt' ? () => bcrypt.compare(PASSWORD, digest) : () => promisify(argon2)('argon2id', ARGON2)
  // One for each thread of Node.js' pool, so that no core is idle.
  const atOnce = Math.max(4, availableParallelism())
  return repeatFor(
    seconds,
    Array.from({ length: atOnce }, () => step),
  )
}
