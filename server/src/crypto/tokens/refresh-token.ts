import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RefreshKey } from '../keys/keys.ts'
import { uuidFromBytes, uuidToBytes } from './uuid.ts'

// 64 bytes: session id (16) ‖ generation (4, big-endian) ‖ secret (28) ‖ MAC (16)
const SELECTOR_BYTES = 20
const AUTHENTICATED_BYTES = 48
const TOKEN_BYTES = 64
const MAC_BYTES = 16
const ENCODED_CHARACTERS = 86

export const SECRET_BYTES = 28
export const SALT_BYTES = 16

/** A refresh token that this server created. Only the database knows whether it is still valid. */
export interface RefreshToken {
  /** The token as the client holds it: 86 characters of base64url. */
  encoded: string
  sessionId: string
  generation: number
  /** The public part, by which the database finds the token. */
  selector: string
  /** The secret part: 28 bytes in base64url, of which only a digest is stored. */
  secret: string
  /** The place in the ring of the key that the token was read or made with; 0 is the current one. */
  position: number
}

/** Assembles a token from a random or derived secret and adds the key's MAC. */
export function makeRefreshToken(
  key: RefreshKey,
  { sessionId, generation, secret }: { sessionId: string; generation: number; secret: Buffer },
): RefreshToken {
  const bytes = Buffer.alloc(TOKEN_BYTES)
  uuidToBytes(sessionId).copy(bytes)
  bytes.writeUInt32BE(generation, 16)
  secret.copy(bytes, SELECTOR_BYTES)
  mac(key, bytes).copy(bytes, AUTHENTICATED_BYTES)
  return parseToken(bytes, bytes.toString('base64url'), 0)
}

/**
 * Authenticates a token by its MAC alone, without the database; returns `null` unless this server created it. Only the
 * canonical form is accepted, since four variants of the last base64url character decode to the same bytes.
 */
export function readRefreshToken(keys: readonly RefreshKey[], encoded: string): RefreshToken | null {
  if (encoded.length !== ENCODED_CHARACTERS) return null
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== encoded) return null
  const given = bytes.subarray(AUTHENTICATED_BYTES)
  const position = keys.findIndex((key) => timingSafeEqual(given, mac(key, bytes)))
  return position < 0 ? null : parseToken(bytes, encoded, position)
}

/**
 * Derives the one successor of a token. Since it is not random, a lost answer can be repeated although it was never
 * stored. Computing it takes the key, the token and the salt of the successor's row together.
 */
export function deriveSuccessor(key: RefreshKey, token: RefreshToken, salt: string): RefreshToken {
  const secret = createHmac('sha512', key.successor)
    .update('tessera/successor/v1')
    .update(Buffer.from(token.encoded, 'base64url').subarray(0, AUTHENTICATED_BYTES))
    .update(Buffer.from(salt, 'base64url'))
    .digest()
    .subarray(0, SECRET_BYTES)
  return makeRefreshToken(key, { sessionId: token.sessionId, generation: token.generation + 1, secret })
}

function mac(key: RefreshKey, bytes: Buffer): Buffer {
  return createHmac('sha256', key.mac).update(bytes.subarray(0, AUTHENTICATED_BYTES)).digest().subarray(0, MAC_BYTES)
}

function parseToken(bytes: Buffer, encoded: string, position: number): RefreshToken {
  return {
    position,
    encoded,
    sessionId: uuidFromBytes(bytes.subarray(0, 16)),
    generation: bytes.readUInt32BE(16),
    selector: bytes.toString('base64url', 0, SELECTOR_BYTES),
    secret: bytes.toString('base64url', SELECTOR_BYTES, AUTHENTICATED_BYTES),
  }
}
