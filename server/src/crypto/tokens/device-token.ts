import { createHmac, timingSafeEqual } from 'node:crypto'
import { sha256 } from '../hashing/sha256.ts'
import type { RefreshKey } from '../keys/keys.ts'

// 32 bytes: id (16) ‖ MAC (16)
const ID_BYTES = 16
const TOKEN_BYTES = 32

/**
 * Recognises a device that has signed in before. It names no account, proves nothing about the user, and grants no
 * access: it spares its device the limits that strangers have used up.
 */
export interface DeviceToken {
  /** The token as the device holds it: 43 characters of base64url. */
  encoded: string
  /** The digest that the sessions of the device are stored with. */
  digest: string
}

export function makeDeviceToken(keys: readonly [RefreshKey, ...RefreshKey[]], random: (bytes: number) => Buffer) {
  const id = random(ID_BYTES)
  return deviceToken(id, Buffer.concat([id, mac(keys[0], id)]).toString('base64url'))
}

/** Authenticates a token by its MAC; null unless this server created it, with one of the keys. */
export function readDeviceToken(keys: readonly RefreshKey[], encoded: string): DeviceToken | null {
  const bytes = Buffer.from(encoded.slice(0, 64), 'base64url')
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== encoded) return null
  const [id, given] = [bytes.subarray(0, ID_BYTES), bytes.subarray(ID_BYTES)]
  return keys.some((key) => timingSafeEqual(given, mac(key, id))) ? deviceToken(id, encoded) : null
}

function deviceToken(id: Buffer, encoded: string): DeviceToken {
  return { encoded, digest: sha256(id) }
}

function mac({ device }: RefreshKey, id: Buffer): Buffer {
  return createHmac('sha256', device)
    .update(id)
    .digest()
    .subarray(0, TOKEN_BYTES - ID_BYTES)
}
