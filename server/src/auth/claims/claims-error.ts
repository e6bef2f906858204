import { type ClaimsVerdict, MAX_CLAIMS_BYTES } from './judge-claims.ts'

type BadClaims = Exclude<ClaimsVerdict, { kind: 'good' }>

/** Claims that may not be stored. */
export class ClaimsRefused extends Error {
  override readonly name = 'ClaimsRefused'
  readonly verdict: BadClaims
  constructor(verdict: BadClaims) {
    super('claims refused')
    this.verdict = verdict
  }
}

/** Returns what is wrong, worded to follow the word "claims" in a sentence. */
export function claimsSentence(verdict: BadClaims): string {
  if (verdict.kind === 'not_an_object') return 'must be a JSON object'
  if (verdict.kind === 'too_large')
    return `are too large (maximum is ${MAX_CLAIMS_BYTES} bytes of JSON, with those of user and session together)`
  return `are refused: ${JSON.stringify(verdict.name)} ${verdict.reason}`
}
