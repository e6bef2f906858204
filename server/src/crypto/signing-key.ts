import { createSigner, createVerifier } from 'fast-jwt'

/** The JWS algorithms (RFC 7518, 3.1) that access tokens are signed with. */
export type SigningAlgorithm = 'HS256' | 'HS512'

export const ACCESS_TOKEN_TYPE = 'at+jwt' // RFC 9068

/** A key that signs and verifies access tokens. */
export interface SigningKey {
  /** Names the key in a token's header; tells nothing about a secret. */
  kid: string
  algorithm: SigningAlgorithm
  /** A JWT of these claims, with `alg`, `typ` and `kid` in its header. */
  sign(claims: object): string
  /** The claims of a token that this key signed; times are not judged. @throws for every other token */
  verify(token: string): Record<string, unknown>
  /** For verifiers elsewhere; null for a key that is itself a secret. */
  publicJwk: JsonWebKey | null
}

/** RFC 7517, as far as verifiers need it. */
export type JsonWebKey = Readonly<Record<string, string>>

/** A key over the bytes of a secret as they stand, so that other services can verify with the same secret. */
export function hmacSigningKey(kid: string, secret: Buffer, algorithm: SigningAlgorithm): SigningKey {
  const header = { alg: algorithm, typ: ACCESS_TOKEN_TYPE }
  const sign = createSigner({ algorithm, key: secret, kid, header })
  const verify = createVerifier({
    key: secret,
    algorithms: [algorithm],
    checkTyp: ACCESS_TOKEN_TYPE,
    ignoreExpiration: true, // judged by the database's clock
    cache: false,
  })
  return { kid, algorithm, sign, verify: (token) => verify(token) as Record<string, unknown>, publicJwk: null }
}
