/** Claims that operators and services add to access tokens, as JSON has them. */
export type Claims = Readonly<Record<string, unknown>>

/** The most that the claims of a token may have as JSON in UTF-8: a token must fit into a header. */
export const MAX_CLAIMS_BYTES = 1024

/** The object itself is the first level. */
const MAX_DEPTH = 5

/** Names with a meaning of their own in tokens: Tessera's, and those that verifiers grant access by. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(
  `iss sub aud exp nbf iat jti sid ver role gen guid ip typ amr acr auth_time azp client_id cnf act may_act events`.split(
    ' ',
  ),
)

/** Names that change the prototype of an object in careless programs. */
const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export type ClaimsVerdict =
  | { kind: 'good'; claims: Claims; json: string }
  | { kind: 'not_an_object' }
  | { kind: 'too_large'; bytes: number }
  /** The reason is worded to follow the name in a sentence. */
  | { kind: 'refused'; name: string; reason: string }

/** Judges a parsed JSON value as the claims of a user or a session. */
export function judgeClaims(value: unknown): ClaimsVerdict {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'not_an_object' }
  for (const [name, inner] of Object.entries(value)) {
    if (RESERVED_NAMES.has(name)) return { kind: 'refused', name, reason: 'is a reserved name' }
    const fault = findFault(name, inner, MAX_DEPTH - 1)
    if (fault) return { kind: 'refused', name: fault.unsafeName ?? name, reason: fault.reason }
  }
  const json = JSON.stringify(value)
  const bytes = Buffer.byteLength(json)
  return bytes > MAX_CLAIMS_BYTES ? { kind: 'too_large', bytes } : { kind: 'good', claims: value as Claims, json }
}

interface Fault {
  unsafeName?: string
  reason: string
}

function findFault(name: string, value: unknown, levelsLeft: number): Fault | null {
  if (UNSAFE_NAMES.has(name)) return { unsafeName: name, reason: 'is an unsafe name' }
  return findFaultOfText(name) ?? findFaultOfValue(value, levelsLeft)
}

function findFaultOfValue(value: unknown, levelsLeft: number): Fault | null {
  if (typeof value === 'string') return findFaultOfText(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return { reason: 'has a number that is too large' }
  if (typeof value !== 'object' || value === null) return null
  if (levelsLeft === 0) return { reason: `nests too deeply (maximum is ${MAX_DEPTH} levels)` }
  for (const [name, inner] of Object.entries(value)) {
    const fault = Array.isArray(value)
      ? findFaultOfValue(inner, levelsLeft - 1)
      : findFault(name, inner, levelsLeft - 1)
    if (fault) return fault
  }
  return null
}

/** PostgreSQL keeps neither in JSON. */
function findFaultOfText(text: string): Fault | null {
  if (text.includes('\0')) return { reason: 'has a NUL character' }
  return text.isWellFormed() ? null : { reason: 'has half of a surrogate pair' }
}
