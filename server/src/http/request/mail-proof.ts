import type { Proof } from '../../auth/email/find-proof.ts'
import type { EmailOutcome } from '../../auth/email/verify-email.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { invalidCode } from '../contract/refusal.ts'
import { Type } from '../endpoint/schema.ts'

/** The fields of a body with a link or a code out of a mail. */
export const proofFields = {
  token: Type.Optional(Type.String({ description: 'Of the link in the mail.' })),
  code: Type.Optional(
    Type.Unknown({ description: 'The code in the mail, a text such as `K7Q4-9XMB`; five attempts per mail.' }),
  ),
}

/** Reads a link or a code. @throws {InvalidBody} or {Refusal} if there is neither */
export function readProof({ token, code }: { token?: string; code?: unknown }): Proof {
  if (token !== undefined) return { link: token }
  if (typeof code === 'string') return { code }
  if (code === undefined) throw new InvalidBody({ token: ["can't be blank"] })
  throw invalidCode(null)
}

export function invalidLink(): InvalidBody {
  return new InvalidBody({ token: ['is invalid or has expired'] })
}

/** Throws the refusal of a link or a code that is not good. */
export function requireDone<Outcome extends { kind: string }>(
  outcome: Outcome,
): asserts outcome is Exclude<Outcome, Extract<EmailOutcome, { kind: 'invalid_link' | 'invalid_code' }>> {
  if (outcome.kind === 'invalid_link') throw invalidLink()
  if (outcome.kind === 'invalid_code') throw invalidCode((outcome as unknown as { attemptsLeft: number }).attemptsLeft)
}
