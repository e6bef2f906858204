import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { sha256 } from './sha256.ts'
import { hmacSigningKey, type SigningAlgorithm, type SigningKey } from './signing-key.ts'

/** Kinds of access tokens; a key signs one kind only. */
export type AccessTokenKind = 'login' | 'pair'

const ALGORITHMS: Record<AccessTokenKind, SigningAlgorithm> = { login: 'HS256', pair: 'HS512' }

/** Makes and recognises refresh tokens; never leaves this server. */
export interface RefreshKey {
  /** Authenticates a refresh token (its last 16 bytes). */
  mac: KeyObject
  /** Derives a token's successor from it. */
  successor: KeyObject
}

/** The key ring. The first key of each list is the current one and makes new tokens; the others only verify. */
export interface Keys {
  signing: Readonly<Record<AccessTokenKind, readonly [SigningKey, ...SigningKey[]]>>
  refresh: readonly [RefreshKey, ...RefreshKey[]]
}

/**
 * Builds the ring from the configured secrets.
 *
 * @param secrets.jwt signs access tokens
 * @param secrets.refresh root of the refresh keys; the JWT secret when there is none
 * @param secrets.previous verify both kinds of token and make none
 */
export function buildKeys(secrets: { jwt: string; refresh?: string | undefined; previous: readonly string[] }): Keys {
  const signing = distinct([secrets.jwt, ...secrets.previous])
  const refresh = distinct([secrets.refresh ?? secrets.jwt, ...secrets.previous]).map(refreshKey)
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
  // KeyObjects: an HMAC under one costs a fifth of the same under a Buffer.
  return {
    mac: createSecretKey(derive(secret, 'tessera/refresh-token-mac/v1', 32)),
    successor: createSecretKey(derive(secret, 'tessera/refresh-token-successor/v1', 64)),
  }
}

/** HKDF-SHA-512 (RFC 5869): one secret, independent keys for each purpose. */
function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha512', secret, '', purpose, bytes))
}
