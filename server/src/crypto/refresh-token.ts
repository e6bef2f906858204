import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RefreshKey } from './keys.ts'
import { uuidFromBytes, uuidToBytes } from './uuid.ts'

// 64 bytes: session id (16) ‖ generation (4, big-endian) ‖ secret (28) ‖ MAC (16)
const SELECTOR_BYTES = 20
const AUTHENTICATED_BYTES = 48
const TOKEN_BYTES = 64
const MAC_BYTES = 16
const ENCODED_CHARACTERS = 86

export const SECRET_BYTES = 28
export const SALT_BYTES = 16

/** A refresh token that this server made. Whether it is still good is for the database to say. */
export interface RefreshToken {
  /** As the client holds it: 86 characters of base64url. */
  encoded: string
  sessionId: string
  generation: number
  /** The public part by which the database knows the token. */
  selector: string
  /** 28 bytes, base64url; only a digest of it is stored. */
  secret: string
}

/** Assembles the token of a drawn or derived secret under a key's MAC. */
export function makeRefreshToken(
  key: RefreshKey,
  of: { sessionId: string; generation: number; secret: Buffer },
): RefreshToken {
  const bytes = Buffer.alloc(TOKEN_BYTES)
  uuidToBytes(of.sessionId).copy(bytes)
  bytes.writeUInt32BE(of.generation, 16)
  of.secret.copy(bytes, SELECTOR_BYTES)
  mac(key, bytes).copy(bytes, AUTHENTICATED_BYTES)
  return describe(bytes, bytes.toString('base64url'))
}

/**
 * Recognises a token by its MAC alone, without the database: `null` unless it is one of ours to the last bit. Only the
 * canonical spelling is accepted, since base64url has four spellings of the last character that decode alike.
 */
export function readRefreshToken(keys: readonly RefreshKey[], encoded: string): RefreshToken | null {
  if (encoded.length !== ENCODED_CHARACTERS) return null
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== encoded) return null
  const given = bytes.subarray(AUTHENTICATED_BYTES)
  return keys.some((key) => timingSafeEqual(given, mac(key, bytes))) ? describe(bytes, encoded) : null
}

/**
 * The one successor of a token. It is derived, not drawn, so that an answer which was lost on its way can be repeated
 * although nothing stored could be turned into it: that takes the key, the token and its row's salt together.
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

function describe(bytes: Buffer, encoded: string): RefreshToken {
  return {
    encoded,
    sessionId: uuidFromBytes(bytes.subarray(0, 16)),
    generation: bytes.readUInt32BE(16),
    selector: bytes.toString('base64url', 0, SELECTOR_BYTES),
    secret: bytes.toString('base64url', SELECTOR_BYTES, AUTHENTICATED_BYTES),
  }
}
