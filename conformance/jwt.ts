const decode = (part: string | undefined) => Buffer.from(part ?? '', 'base64url').toString()
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Reads the header of a token in compact form (RFC 7515) without verification; empty if it cannot be read. */
export function headerOf(token: string): Record<string, unknown> {
  return read(token.split('.')[0])
}

/** Reads the claims of a token without verification; empty if they cannot be read. */
export function claimsOf(token: string): Record<string, unknown> {
  return read(token.split('.')[1])
}

/** Returns the token with other claims and its old signature. */
export function withClaims(token: string, changes: object): string {
  const [header, , signature] = token.split('.')
  return `${header}.${encode({ ...claimsOf(token), ...changes })}.${signature}`
}

/** Returns the claims without a signature (RFC 8725, 2.1). */
export function unsigned(token: string): string {
  return `${encode({ ...headerOf(token), alg: 'none' })}.${token.split('.')[1]}.`
}

/** Returns the token with another character at one position; a negative one counts from the end. */
export function altered(token: string, position: number): string {
  const at = position < 0 ? token.length + position : position
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

function read(part: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(decode(part)) ?? {}
  } catch {
    return {}
  }
}
