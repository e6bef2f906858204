import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RefreshKey } from '../keys/keys.ts'
import type { RefreshToken } from './refresh-token.ts'

// 32 bytes: time in milliseconds (6, big-endian) ‖ random (10) ‖ MAC (16)
const TIME_BYTES = 6
const RANDOM_BYTES = 10
const AUTHENTICATED_BYTES = TIME_BYTES + RANDOM_BYTES
const ATTEMPT_BYTES = 32
const ENCODED_CHARACTERS = 43

/**
 * Makes the attempt that is handed out with a refresh token, and that its client sends back as the `Idempotency-Key` of the
 * next refresh: 43 characters of base64url. It is random and never derived: a thief who could compute the next one
 * from a copy would pass as the client without end.
 */
export function makeAttempt(
  keys: readonly [RefreshKey, ...RefreshKey[]],
  token: RefreshToken,
  now: Date,
  random: (bytes: number) => Buffer,
): string {
  const bytes = Buffer.alloc(ATTEMPT_BYTES)
  bytes.writeUIntBE(now.getTime(), 0, TIME_BYTES)
  random(RANDOM_BYTES).copy(bytes, TIME_BYTES)
  mac(keys[0], token, bytes).copy(bytes, AUTHENTICATED_BYTES)
  return bytes.toString('base64url')
}

/**
 * Returns the time at which this server made an attempt for this very token; null for every other text, such as a key that
 * a client drew. Only the canonical form is an attempt.
 */
export function readAttempt(keys: readonly RefreshKey[], token: RefreshToken, encoded: string): Date | null {
  if (encoded.length !== ENCODED_CHARACTERS) return null
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== ATTEMPT_BYTES || bytes.toString('base64url') !== encoded) return null
  const given = bytes.subarray(AUTHENTICATED_BYTES)
  if (!keys.some((key) => timingSafeEqual(given, mac(key, token, bytes)))) return null
  return new Date(bytes.readUIntBE(0, TIME_BYTES))
}

function mac({ attempt }: RefreshKey, { encoded }: RefreshToken, bytes: Buffer): Buffer {
  return createHmac('sha256', attempt)
    .update(encoded)
    .update(bytes.subarray(0, AUTHENTICATED_BYTES))
    .digest()
    .subarray(0, ATTEMPT_BYTES - AUTHENTICATED_BYTES)
}
