import { ClaimsRefused, claimsSentence } from '../../auth/claims/claims-error.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import { claimRefused, claimsTooLarge } from '../contract/refusal.ts'
import { Type } from '../endpoint/schema.ts'

/** The body of a change: a rule judges the claims, which may have any name. */
export const ClaimsBody = Type.Object({
  claims: Type.Unsafe<unknown>({ description: 'An object: replaces all claims; an empty one clears them.' }),
})

export const ClaimsAnswer = Type.Object({
  claims: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true }),
})

export const EXAMPLE_CLAIMS = { claims: { plan: 'gold', groups: ['beta'] } }

/** The refusals of claims, for the description. */
export const claimsErrors = [
  claimsTooLarge('are too large'),
  claimRefused('sub', 'are refused: "sub" is a reserved name'),
]

/** Runs a change of claims, and answers those that may not be with 422. */
export async function refusingClaims<Outcome>(change: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof ClaimsRefused)) throw error
    const { verdict } = error
    const sentence = claimsSentence(verdict)
    if (verdict.kind === 'too_large') throw claimsTooLarge(sentence)
    if (verdict.kind === 'refused') throw claimRefused(verdict.name, sentence)
    throw new InvalidBody({ claims: [sentence] })
  }
}
