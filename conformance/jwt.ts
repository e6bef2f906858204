const decode = (part: string | undefined) => Buffer.from(part ?? '', 'base64url').toString()
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** The header of a token in compact form (RFC 7515), unverified. Empty when there is none to read. */
export function headerOf(token: string): Record<string, unknown> {
  return read(token.split('.')[0])
}

/** The claims of a token, unverified. Empty when there are none to read. */
export function claimsOf(token: string): Record<string, unknown> {
  return read(token.split('.')[1])
}

/** The same token with other claims and its old signature. */
export function withClaims(token: string, changes: object): string {
  const [header, , signature] = token.split('.')
  return `${header}.${encode({ ...claimsOf(token), ...changes })}.${signature}`
}

/** The same claims, signed by nobody (RFC 8725, 2.1). */
export function unsigned(token: string): string {
  return `${encode({ ...headerOf(token), alg: 'none' })}.${token.split('.')[1]}.`
}

/** The same text with another letter at one place; a negative place counts from the end. */
export function altered(token: string, place: number): string {
  const at = place < 0 ? token.length + place : place
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

function read(part: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(decode(part)) ?? {}
  } catch {
    return {}
  }
}
