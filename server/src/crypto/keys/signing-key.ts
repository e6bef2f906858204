import { createPublicKey, generateKeyPair, type KeyObject, sign as signBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { createSigner, createVerifier } from 'fast-jwt'
import { HashPoolFull } from '../hashing/hash-pool.ts'
import { sha256 } from '../hashing/sha256.ts'
import { Turns } from '../hashing/turns.ts'

/** The JWS algorithms (RFC 7518, 3.1; RFC 8037) whose tokens anyone verifies with a public key. */
export const PUBLIC_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const

export type PublicAlgorithm = (typeof PUBLIC_ALGORITHMS)[number]

/** The JWS algorithms that access tokens are signed with. */
export type SigningAlgorithm = 'HS256' | 'HS512' | PublicAlgorithm

/** The type that verifiers take with their defaults. The only other JWT is the list of endings, which has a type of its own. */
const ACCESS_TOKEN_TYPE = 'JWT'
/** The type of tokens from before (RFC 9068). A pair's may be presented long after it was issued. */
const FORMER_TYPE = 'at+jwt'

/** A key that verifies access tokens. */
export interface VerifyingKey {
  /** Identifies the key in a token's header; reveals nothing about a secret. */
  kid: string
  algorithm: SigningAlgorithm
  /** The first part of every token of the key: `alg`, `typ` and `kid`, encoded. */
  header: string
  /** Its place among the keys that are accepted; 0, the current one, if it is absent. */
  position?: number
  /** Returns the claims of a token that this key signed; does not check its times. @throws for any other token */
  verify(token: string): Record<string, unknown>
}

/** A key that signs and verifies access tokens. */
export interface SigningKey extends VerifyingKey {
  /** Signs a JWT with these claims. @throws {HashPoolFull} for RS256, while hundreds of signatures wait */
  sign(claims: object): string | Promise<string>
}

/** The private half of a key pair, which signs more than access tokens. */
export interface KeyPairSigningKey extends SigningKey {
  /** Signs a JWT of another type. @throws {HashPoolFull} as {@link SigningKey.sign} does */
  signAs(type: string, claims: object): string | Promise<string>
}

/** A key whose signature takes so little time that it is made on the event loop. */
export interface SecretSigningKey extends SigningKey {
  sign(claims: object): string
}

/** The public half of a key as other services read it (RFC 7517): it has no private member. */
export type PublicJwk = Readonly<Record<'kty' | 'kid' | 'alg' | 'use', string>> & Readonly<Record<string, string>>

/** Creates a key from the bytes of a secret, unchanged, so that other services can verify with the same secret. */
export function hmacSigningKey(kid: string, secret: Buffer, algorithm: 'HS256' | 'HS512'): SecretSigningKey {
  const header = { alg: algorithm, typ: ACCESS_TOKEN_TYPE }
  const sign = createSigner({ algorithm, key: secret, kid, header })
  const [verify, verifyFormer] = [
    verifier(secret, algorithm, ACCESS_TOKEN_TYPE),
    verifier(secret, algorithm, FORMER_TYPE),
  ]
  return {
    kid,
    algorithm,
    header: headerPart(sign({})),
    sign,
    verify(token) {
      try {
        return verify(token)
      } catch {
        return verifyFormer(token)
      }
    },
  }
}

/** Creates a key that signs with the private half of a key pair. An RSA signature takes as long as thirty requests. */
export function privateSigningKey(jwk: PublicJwk, privateKey: KeyObject): KeyPairSigningKey {
  const { kid } = jwk
  const algorithm = jwk.alg as PublicAlgorithm
  const header = encode({ alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  const signInput = (input: string) => {
    if (algorithm === 'RS256') return signInThread(input, privateKey).then((bytes) => join(input, bytes))
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    return join(input, signBytes(algorithm === 'ES256' ? 'sha256' : null, Buffer.from(input), key))
  }
  return {
    kid,
    algorithm,
    header,
    verify: verifier(publicKey, algorithm, ACCESS_TOKEN_TYPE),
    sign: (claims) => signInput(`${header}.${encode(claims)}`),
    signAs: (type, claims) => signInput(`${encode({ alg: algorithm, typ: type, kid })}.${encode(claims)}`),
  }
}

/** Draws a new key pair. */
export async function generateSigningKey(algorithm: PublicAlgorithm): Promise<KeyObject> {
  const generate = promisify(generateKeyPair)
  switch (algorithm) {
    case 'ES256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'EdDSA':
      return (await generate('ed25519')).privateKey
    case 'RS256':
      return (await generate('rsa', { modulusLength: MIN_RSA_BITS })).privateKey
  }
}

const MIN_RSA_BITS = 2048

/** Returns the algorithm that a private key is for; null for curves and lengths that Tessera signs nothing with. */
export function algorithmOfKey({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): PublicAlgorithm | null {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails
  if (asymmetricKeyType === 'ec') return namedCurve === 'prime256v1' ? 'ES256' : null
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  return asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS ? 'RS256' : null
}

const PUBLIC_MEMBERS: Record<PublicAlgorithm, readonly string[]> = {
  ES256: ['crv', 'kty', 'x', 'y'],
  EdDSA: ['crv', 'kty', 'x'],
  RS256: ['e', 'kty', 'n'],
}

/** Returns the public half of a private key. Its `kid` is its thumbprint (RFC 7638), so no key can take another's. */
export function publicJwk(algorithm: PublicAlgorithm, privateKey: KeyObject): PublicJwk {
  const exported = createPublicKey(privateKey).export({ format: 'jwk' }) as Record<string, string>
  const members = Object.fromEntries(PUBLIC_MEMBERS[algorithm].map((name) => [name, exported[name] ?? '']))
  const kid = sha256(JSON.stringify(members))
  return { ...members, kty: members['kty'] ?? '', kid, alg: algorithm, use: 'sig' }
}

function verifier(key: Buffer | string, algorithm: SigningAlgorithm, checkTyp: string): VerifyingKey['verify'] {
  return createVerifier({
    key,
    algorithms: [algorithm],
    checkTyp,
    ignoreExpiration: true, // checked by the database's clock
    cache: false,
  })
}

/** Two of the four threads that Node.js has for such work: the others stay free for files and names. */
const rsaTurns = new Turns(2)
const MAX_WAITING_SIGNATURES = 256

async function signInThread(input: string, key: KeyObject): Promise<Buffer> {
  if (rsaTurns.waiting >= MAX_WAITING_SIGNATURES) throw new HashPoolFull()
  return rsaTurns.take(false, () => signAsync('sha256', Buffer.from(input), key))
}

const signAsync = promisify<string, Buffer, KeyObject, Buffer>(signBytes)

export function headerPart(token: string): string {
  return token.slice(0, token.indexOf('.'))
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function join(input: string, signature: Buffer): string {
  return `${input}.${signature.toString('base64url')}`
}
