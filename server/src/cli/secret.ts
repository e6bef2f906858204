import { randomBytes } from 'node:crypto'
import { type AnswerOptions, printOutcome } from './terminal/output.ts'

/** `tessera secret`: prints a new key that production accepts, for any setting that needs one. */
export async function secretCommand(options: AnswerOptions): Promise<void> {
  const secret = randomBytes(64).toString('hex')
  printOutcome(secret, { secret }, options)
}
