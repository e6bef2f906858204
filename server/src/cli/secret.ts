import { randomBytes } from 'node:crypto'
import { print } from './terminal/output.ts'

/** `tessera secret`: a fresh key that production accepts, for any setting that wants one. */
export async function secretCommand(): Promise<void> {
  print(randomBytes(64).toString('hex'))
}
