import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { sha256 } from '../hashing/sha256.ts'
import { hmacSigningKey, type SecretSigningKey } from './signing-key.ts'

/** The kinds of access tokens; each key signs only one kind. */
export type AccessTokenKind = 'login' | 'pair'

const ALGORITHMS = { login: 'HS256', pair: 'HS512' } as const

/** A key that creates and authenticates everything that is not an access token; it never leaves this server. */
export interface RefreshKey {
  /** Identifies the key for operators; reveals nothing about the secret. */
  kid: string
  /** Computes the MAC of a refresh token (its last 16 bytes). */
  mac: KeyObject
  /** Derives a token's successor from it. */
  successor: KeyObject
  /** Computes the MAC of an attempt. */
  attempt: KeyObject
  /** Computes the MAC of a device token. */
  device: KeyObject
  /** Derives the secret of a one-time link. */
  link: KeyObject
  /** Derives a one-time code: neither tells the other. */
  code: KeyObject
}

/** Encrypts what only this server may read, such as the private halves of its signing keys in the database. */
export interface SealingKey {
  /** Identifies the secret that the key is derived from; reveals nothing about it. */
  id: string
  /** Encrypts and authenticates bytes (AES-256-GCM). @param name of what is sealed: it opens under no other */
  seal(bytes: Buffer, name: string): string
  /** Returns null for what this key did not seal under this name. */
  open(sealed: string, name: string): Buffer | null
}

/**
 * Digests of email addresses for the audit. They are keyed, so that a copy of the database does not tell whose they are:
 * addresses are few enough to try all of them.
 */
export interface AddressDigests {
  /** Returns the digest of a canonical address with the current key; null without a key. */
  digest(email: string): string | null
  /** Returns the digests of a canonical address with every key of the ring. */
  candidates(email: string): string[]
}

/** The key ring. The first key of each list is the current one and creates new tokens; the others only verify. */
export interface Keys {
  signing: Readonly<Record<AccessTokenKind, readonly [SecretSigningKey, ...SecretSigningKey[]]>>
  refresh: readonly [RefreshKey, ...RefreshKey[]]
  /** Derived from the same secrets as the refresh keys, when they are needed. The first one seals; all of them open. */
  sealing(): readonly [SealingKey, ...SealingKey[]]
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
  const owned = distinct([...roots, ...previousRefresh])
  return {
    signing: { login: signingKeys('login', signing), pair: signingKeys('pair', signing) },
    refresh: owned.map(refreshKey) as [RefreshKey, ...RefreshKey[]],
    sealing: () => owned.map(sealingKey) as [SealingKey, ...SealingKey[]],
  }
}

/** The secrets that keys for addresses are derived from: the first makes digests, the others find earlier ones. */
export function createAddressDigests(secrets: readonly string[]): AddressDigests {
  const keys = distinct(secrets).map((secret) => createSecretKey(derive(secret, 'tessera/address-digest/v1', 32)))
  const digestWith = (key: KeyObject, email: string) => createHmac('sha256', key).update(email).digest('base64url')
  const [current] = keys
  return {
    digest: (email) => (current ? digestWith(current, email) : null),
    candidates: (email) => keys.map((key) => digestWith(key, email)),
  }
}

function distinct(secrets: readonly string[]): string[] {
  return [...new Set(secrets)]
}

function signingKeys(kind: AccessTokenKind, secrets: readonly string[]): [SecretSigningKey, ...SecretSigningKey[]] {
  const keys = secrets.map((secret) => {
    const kid = sha256(derive(secret, 'tessera/kid/v1', 32)).slice(0, 12)
    return hmacSigningKey(kid, Buffer.from(secret, 'utf8'), ALGORITHMS[kind])
  })
  return keys as [SecretSigningKey, ...SecretSigningKey[]]
}

function refreshKey(secret: string): RefreshKey {
  // An HMAC with a KeyObject costs a fifth of one with a Buffer.
  return {
    kid: sha256(derive(secret, 'tessera/refresh-kid/v1', 32)).slice(0, 12),
    mac: createSecretKey(derive(secret, 'tessera/refresh-token-mac/v1', 32)),
    successor: createSecretKey(derive(secret, 'tessera/refresh-token-successor/v1', 64)),
    attempt: createSecretKey(derive(secret, 'tessera/attempt-mac/v1', 32)),
    device: createSecretKey(derive(secret, 'tessera/device-token-mac/v1', 32)),
    link: createSecretKey(derive(secret, 'tessera/one-time-link/v1', 32)),
    code: createSecretKey(derive(secret, 'tessera/one-time-code/v1', 32)),
  }
}

const IV_BYTES = 12
const TAG_BYTES = 16

function sealingKey(secret: string): SealingKey {
  const id = sha256(derive(secret, 'tessera/sealing-key-id/v1', 32)).slice(0, 12)
  const key = createSecretKey(derive(secret, 'tessera/sealing-key/v1', 32))
  return {
    id,
    seal(bytes, name) {
      const iv = randomBytes(IV_BYTES) // few things are sealed, so a random one never repeats
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(name))
      const encrypted = [cipher.update(bytes), cipher.final()]
      return Buffer.concat([iv, ...encrypted, cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, name) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < IV_BYTES + TAG_BYTES) return null
      const options = { authTagLength: TAG_BYTES }
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), options)
      decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
      } catch {
        return null
      }
    },
  }
}

/** Derives an independent key for each purpose from one secret with HKDF-SHA-512 (RFC 5869). */
function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha512', secret, '', purpose, bytes))
}
