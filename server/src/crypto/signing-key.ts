import { createSigner, createVerifier } from 'fast-jwt'

/** The JWS algorithms (RFC 7518, 3.1) that access tokens are signed with. */
export type SigningAlgorithm = 'HS256' | 'HS512'

const ACCESS_TOKEN_TYPE = 'at+jwt' // RFC 9068

/** A key that signs and verifies access tokens. */
export interface SigningKey {
  /** Identifies the key in a token's header; reveals nothing about a secret. */
  kid: string
  algorithm: SigningAlgorithm
  /** Signs a JWT with these claims, and with `alg`, `typ` and `kid` in its header. */
  sign(claims: object): string
  /** Returns the claims of a token that this key signed; does not check its times. @throws for any other token */
  verify(token: string): Record<string, unknown>
  /** The public key for other services; null for a symmetric key. */
  publicJwk: JsonWebKey | null
}

/** The members of a JSON Web Key (RFC 7517) that verifiers need. */
type JsonWebKey = Readonly<Record<string, string>>

/** Creates a key from the bytes of a secret, unchanged, so that other services can verify with the same secret. */
export function hmacSigningKey(kid: string, secret: Buffer, algorithm: SigningAlgorithm): SigningKey {
  const header = { alg: algorithm, typ: ACCESS_TOKEN_TYPE }
  const sign = createSigner({ algorithm, key: secret, kid, header })
  const verify = createVerifier({
    key: secret,
    algorithms: [algorithm],
    checkTyp: ACCESS_TOKEN_TYPE,
    ignoreExpiration: true, // checked by the database's clock
    cache: false,
  })
  return { kid, algorithm, sign, verify: (token) => verify(token) as Record<string, unknown>, publicJwk: null }
}
