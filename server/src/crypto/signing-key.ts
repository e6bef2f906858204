import { createSigner, createVerifier } from 'fast-jwt'

/** The JWS algorithms (RFC 7518, 3.1) that access tokens are signed with. */
export type SigningAlgorithm = 'HS256' | 'HS512'

/** The type that verifiers take with their defaults. Tessera makes no other JWT, so none can be taken for an access token. */
const ACCESS_TOKEN_TYPE = 'JWT'
/** The type of tokens from before (RFC 9068). A pair's may be presented long after it was issued. */
const FORMER_TYPE = 'at+jwt'

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
  const verifierOf = (checkTyp: string) =>
    createVerifier({
      key: secret,
      algorithms: [algorithm],
      checkTyp,
      ignoreExpiration: true, // checked by the database's clock
      cache: false,
    }) as (token: string) => Record<string, unknown>
  const [verify, verifyFormer] = [verifierOf(ACCESS_TOKEN_TYPE), verifierOf(FORMER_TYPE)]
  return {
    kid,
    algorithm,
    sign,
    verify(token) {
      try {
        return verify(token)
      } catch {
        return verifyFormer(token)
      }
    },
    publicJwk: null,
  }
}
