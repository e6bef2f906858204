import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { sha256 } from './sha256.ts'
import { hmacSigningKey, type SigningAlgorithm, type SigningKey } from './signing-key.ts'

/** The kinds of access tokens; each key signs only one kind. */
export type AccessTokenKind = 'login' | 'pair'

const ALGORITHMS: Record<AccessTokenKind, SigningAlgorithm> = { login: 'HS256', pair: 'HS512' }

/** A key that creates and authenticates everything that is not an access token; it never leaves this server. */
export interface RefreshKey {
  /** Computes the MAC of a refresh token (its last 16 bytes). */
  mac: KeyObject
  /** Derives a token's successor from it. */
  successor: KeyObject
  /** Computes the MAC of a device token. */
  device: KeyObject
  /** Derives the secret of a one-time link. */
  link: KeyObject
  /** Derives a one-time code: neither tells the other. */
  code: KeyObject
}

/** The key ring. The first key of each list is the current one and creates new tokens; the others only verify. */
export interface Keys {
  signing: Readonly<Record<AccessTokenKind, readonly [SigningKey, ...SigningKey[]]>>
  refresh: readonly [RefreshKey, ...RefreshKey[]]
}

/**
 * Builds the key ring from the configured secrets.
 *
 * @param secrets.jwt signs access tokens
 * @param secrets.previousJwt verify access tokens, but create none
 * @param secrets.refresh is the root of the refresh keys; without it, the JWT secrets are, previous ones too
 * @param secrets.previousRefresh recognise refresh tokens, but create none
 */
export function buildKeys(secrets: {
  jwt: string
  previousJwt?: readonly string[]
  refresh?: string | null
  previousRefresh?: readonly string[]
}): Keys {
  const { jwt, previousJwt = [], refresh: refreshSecret = null, previousRefresh = [] } = secrets
  const signing = distinct([jwt, ...previousJwt])
  // A key that services hold must make no refresh token, and a refresh key must sign no access token.
  const roots = refreshSecret === null ? signing : [refreshSecret]
  const refresh = distinct([...roots, ...previousRefresh]).map(refreshKey)
  return {
    signing: { login: signingKeys('login', signing), pair: signingKeys('pair', signing) },
    refresh: refresh as [RefreshKey, ...RefreshKey[]],
  }
}

function distinct(secrets: readonly string[]): string[] {
  return [...new Set(secrets)]
}

function signingKeys(kind: AccessTokenKind, secrets: readonly string[]): [SigningKey, ...SigningKey[]] {
  const keys = secrets.map((secret) => {
    const kid = sha256(derive(secret, 'tessera/kid/v1', 32)).slice(0, 12)
    return hmacSigningKey(kid, Buffer.from(secret, 'utf8'), ALGORITHMS[kind])
  })
  return keys as [SigningKey, ...SigningKey[]]
}

function refreshKey(secret: string): RefreshKey {
  // An HMAC with a KeyObject costs a fifth of one with a Buffer.
  return {
    mac: createSecretKey(derive(secret, 'tessera/refresh-token-mac/v1', 32)),
    successor: createSecretKey(derive(secret, 'tessera/refresh-token-successor/v1', 64)),
    device: createSecretKey(derive(secret, 'tessera/device-token-mac/v1', 32)),
    link: createSecretKey(derive(secret, 'tessera/one-time-link/v1', 32)),
    code: createSecretKey(derive(secret, 'tessera/one-time-code/v1', 32)),
  }
}

/** Derives an independent key for each purpose from one secret with HKDF-SHA-512 (RFC 5869). */
function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha512', secret, '', purpose, bytes))
}
