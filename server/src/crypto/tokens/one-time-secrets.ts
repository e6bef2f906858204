import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { RefreshKey } from '../keys/keys.ts'
import { uuidFromBytes, uuidToBytes } from './uuid.ts'

/** The row that a one-time link or code stands for; see `docs/decisions/0011-derived-one-time-links.md`. */
export interface OneTimeRow {
  id: string
  purpose: string
  /** 16 random bytes in base64url. */
  salt: string
}

// 40 bytes: id (16) ‖ secret (24)
const ID_BYTES = 16
const SECRET_BYTES = 24
const LINK_BYTES = ID_BYTES + SECRET_BYTES
/** Eight characters of five bits. */
const CODE_BYTES = 5

type Keys = readonly [RefreshKey, ...RefreshKey[]]

/** Derives the token of a link: 54 characters of base64url. */
export function deriveLink([key]: Keys, row: OneTimeRow): string {
  return Buffer.concat([uuidToBytes(row.id), linkSecret(key, row)]).toString('base64url')
}

/** Reads the id of the row that a link names; null for anything that is not a link. It says nothing about the secret. */
export function readLinkId(token: string): string | null {
  const bytes = readLink(token)
  return bytes && uuidFromBytes(bytes.subarray(0, ID_BYTES))
}

/** Whether a link was derived from a row, under any key of the ring; in constant time. */
export function isLinkOf(keys: Keys, row: OneTimeRow, token: string): boolean {
  const bytes = readLink(token)
  if (!bytes) return false
  const given = bytes.subarray(ID_BYTES)
  return keys.map((key) => timingSafeEqual(given, linkSecret(key, row))).includes(true)
}

/** Derives a code of 40 bits in two groups: `K7Q4-9XMB`. */
export function deriveCode([key]: Keys, row: OneTimeRow): string {
  const code = encodeCode(codeSecret(key, row))
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** Whether a typed code was derived from a row, under any key of the ring; in constant time. */
export function isCodeOf(keys: Keys, row: OneTimeRow, typed: string): boolean {
  const given = Buffer.from(foldCode(typed))
  return keys
    .map((key) => Buffer.from(encodeCode(codeSecret(key, row))))
    .map((code) => given.length === code.length && timingSafeEqual(given, code))
    .includes(true)
}

function linkSecret({ link }: RefreshKey, row: OneTimeRow): Buffer {
  return mac(link, row).subarray(0, SECRET_BYTES)
}

function codeSecret({ code }: RefreshKey, row: OneTimeRow): Buffer {
  return mac(code, row).subarray(0, CODE_BYTES)
}

function mac(key: KeyObject, { id, purpose, salt }: OneTimeRow): Buffer {
  return createHmac('sha256', key).update(`${purpose}\n${id}\n${salt}`).digest()
}

/** Only the canonical form is a link: several last characters decode to the same bytes. */
function readLink(token: string): Buffer | null {
  const bytes = Buffer.from(token.slice(0, 64), 'base64url')
  return bytes.length === LINK_BYTES && bytes.toString('base64url') === token ? bytes : null
}

/** The alphabet of Crockford's base32, without letters that look like a digit or another letter. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

function encodeCode(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.toString('hex')}`)
  let code = ''
  for (let place = 0; place < 8; place++) {
    code = `${ALPHABET[Number(bits & 31n)]}${code}`
    bits >>= 5n
  }
  return code
}

/** Letters that are typed for those that look like them: a Russian keyboard makes the second row. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  ...{ O: '0', I: '1', L: '1' },
  ...{ А: 'A', В: 'B', Е: 'E', К: 'K', М: 'M', Н: 'H', О: '0', Р: 'P', С: 'C', Т: 'T', Х: 'X' },
}

/** The canonical form of a typed code: upper case, without spaces and hyphens, without look-alikes. */
function foldCode(typed: string): string {
  return [...typed.slice(0, 64).toUpperCase()]
    .filter((character) => !/[\s\p{Pd}]/u.test(character))
    .map((character) => LOOKALIKES[character] ?? character)
    .join('')
}
