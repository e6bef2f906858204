import { randomBytes } from 'node:crypto'
import { print } from './terminal/output.ts'

/** `tessera secret`: prints a new key that production accepts, for any setting that needs one. */
export async function secretCommand(): Promise<void> {
  print(randomBytes(64).toString('hex'))
}
