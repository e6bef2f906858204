import { malformed, VerifyError } from './verify-error.ts'

/** The claims of a verified token. Times are in seconds since 1970. They are frozen: requests with one token share them. */
export interface Claims {
  /** The user's GUID. */
  readonly sub: string
  readonly exp: number
  readonly iat?: number
  /** The session. */
  readonly sid?: string
  readonly jti?: string
  readonly role?: string
  readonly iss?: string
  readonly aud?: string | readonly string[]
  /** The version of the user's role and claims. */
  readonly ver?: number
  /** When the user last proved who they are. */
  readonly auth_time?: number
  readonly amr?: readonly string[]
  readonly acr?: string
  readonly [claim: string]: unknown
}

/** The rules that a token is judged by. */
export interface ClaimRules {
  issuer: string | null
  /** Any of these; empty: the audience is not looked at. */
  audience: readonly string[]
  clockToleranceSeconds: number
  maxAuthAgeSeconds: number | null
}

/** Clocks of hosts differ: a token from further in the future than this is refused. */
const MAX_CLOCK_SKEW_SECONDS = 60

const isTime = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0
const isText = (value: unknown) => typeof value === 'string' && value !== ''

/** Each claim that something here or in an API relies on, with its form; only `sub` and `exp` must be there. */
const FORMS: Record<string, (value: unknown) => boolean> = {
  sub: isText,
  exp: isTime,
  iat: isTime,
  nbf: isTime,
  auth_time: isTime,
  sid: isText,
  jti: isText,
  role: isText,
  ver: (value) => Number.isSafeInteger(value),
}

/** Checks the form of the claims, and what is true of a token for its whole life. @throws {VerifyError} */
export function judgeClaims(value: unknown, rules: ClaimRules): Claims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('The claims are no object')
  const claims = value as Record<string, unknown>
  for (const [name, fits] of Object.entries(FORMS)) {
    const isRequired = name === 'sub' || name === 'exp'
    if (!Object.hasOwn(claims, name) ? isRequired : !fits(claims[name]))
      throw malformed(`The claim ${name} is not valid`)
  }
  const { iss, aud } = claims
  if (rules.issuer !== null && iss !== rules.issuer) throw new VerifyError('wrong_issuer', 'The issuer is another one')
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (rules.audience.length > 0 && !rules.audience.some((name) => audiences.includes(name)))
    throw new VerifyError('wrong_audience', 'The token is for another audience')
  return deepFreeze(claims) as Claims
}

/** Checks what time changes. @throws {VerifyError} */
export function judgeTimes(claims: Claims, nowSeconds: number, rules: ClaimRules): void {
  const { exp, iat, auth_time } = claims
  const nbf = claims['nbf'] as number | undefined
  const tolerance = rules.clockToleranceSeconds
  if (exp + tolerance <= nowSeconds) throw new VerifyError('expired', 'The token has expired')
  if (iat !== undefined && iat > nowSeconds + Math.max(tolerance, MAX_CLOCK_SKEW_SECONDS))
    throw malformed('The token is from the future: compare the clocks')
  if (nbf !== undefined && nbf > nowSeconds + tolerance) throw malformed('The token is not valid yet')
  if (rules.maxAuthAgeSeconds !== null && !isRecent(auth_time, rules.maxAuthAgeSeconds, nowSeconds))
    throw new VerifyError('expired', 'The login is too long ago')
}

/** Whether a login was at most so long ago; a time in the future beyond the skew of clocks counts as none. */
export function isRecent(authTime: number | undefined, maxAgeSeconds: number, nowSeconds: number): boolean {
  if (authTime === undefined || authTime > nowSeconds + MAX_CLOCK_SKEW_SECONDS) return false
  return nowSeconds - authTime <= maxAgeSeconds
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
