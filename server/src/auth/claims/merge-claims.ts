import type { Claims } from './judge-claims.ts'

/** Joins the claims of a user and of a session; where both have a name, the session's counts. */
export function mergeClaims(ofUser: Claims, ofSession: Claims): Claims {
  // Spreading defines fields, and calls no setter: not even a field `__proto__` changes a prototype.
  return { ...ofUser, ...ofSession }
}

/** Reads claims as they are stored. @throws {SyntaxError} */
export function parseClaims(json: string): Claims {
  return JSON.parse(json) as Claims
}
