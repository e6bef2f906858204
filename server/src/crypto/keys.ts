import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** Signs and verifies access tokens: the bytes of the secret as they stand, so that other services can verify with it. */
export interface SigningKey {
  /** Names the key in a token's header; tells nothing about the secret. */
  kid: string
  secret: Buffer
}

/** Makes and recognises refresh tokens; never leaves this server. */
export interface RefreshKey {
  /** Authenticates a refresh token (its last 16 bytes). */
  mac: KeyObject
  /** Derives a token's successor from it. */
  successor: KeyObject
}

/** The key ring. The first key of each list is the current one and makes new tokens; the others only verify. */
export interface Keys {
  signing: readonly [SigningKey, ...SigningKey[]]
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
  const signing = distinct([secrets.jwt, ...secrets.previous]).map(signingKey)
  const refresh = distinct([secrets.refresh ?? secrets.jwt, ...secrets.previous]).map(refreshKey)
  return { signing: signing as [SigningKey, ...SigningKey[]], refresh: refresh as [RefreshKey, ...RefreshKey[]] }
}

function distinct(secrets: readonly string[]): string[] {
  return [...new Set(secrets)]
}

function signingKey(secret: string): SigningKey {
  const kid = createHash('sha256')
    .update(derive(secret, 'tessera/kid/v1', 32))
    .digest('base64url')
    .slice(0, 12)
  return { kid, secret: Buffer.from(secret, 'utf8') }
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
