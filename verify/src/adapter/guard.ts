import type { Verifier } from '../create-verifier.ts'
import { type Claims, isRecent } from '../token/claims.ts'
import { nowFor } from '../token/clocks.ts'
import { missingToken, type Refusal, refusalOf, roleRequired, stepUpRequired } from './refusal.ts'

export type Outcome = { claims: Claims; refusal: null } | { claims: null; refusal: Refusal }

/** Judges an `Authorization` header. A doubled one, which servers join with a comma, is no token (RFC 6750, 2.1). */
export async function judgeHeader(verifier: Verifier, header: unknown): Promise<Outcome> {
  const [, token] = (typeof header === 'string' && /^Bearer +([\w.~+/-]+=*) *$/i.exec(header)) || []
  if (token === undefined) return { claims: null, refusal: missingToken() }
  try {
    return { claims: await verifier.verify(token), refusal: null }
  } catch (error) {
    return { claims: null, refusal: refusalOf(error) }
  }
}

/** A check of claims; null lets the request pass. Claims that no `authenticate` left are none. */
export type Check = (claims: Claims | null | undefined) => Refusal | null

/** Accepts one role, or any of several. @throws {TypeError} for no role, which would let everyone pass, or no user */
export function checkRole(role: string | readonly string[]): Check {
  const roles = typeof role === 'string' ? [role] : [...role]
  if (roles.length === 0 || !roles.every((name) => typeof name === 'string' && name !== ''))
    throw new TypeError('tessera-verify: requireRole needs the name of a role')
  return (claims) => {
    if (!claims) return missingToken()
    return roles.some((name) => name === claims.role) ? null : roleRequired(roles.join(' '))
  }
}

export interface StepUp {
  /** How long ago the user may have proved who they are. */
  maxAgeSeconds: number
}

/** @throws {TypeError} for an age that is none */
export function checkStepUp({ maxAgeSeconds }: StepUp): Check {
  if (!Number.isFinite(maxAgeSeconds) || maxAgeSeconds < 0)
    throw new TypeError('tessera-verify: requireStepUp needs maxAgeSeconds, a number')
  return (claims) => {
    if (!claims) return missingToken()
    return isRecent(claims.auth_time, maxAgeSeconds, nowFor(claims)) ? null : stepUpRequired(maxAgeSeconds)
  }
}
