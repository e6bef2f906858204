/** Formats a UUID as `8-4-4-4-12` lower-case hexadecimal digits (RFC 9562). */
export function uuidFromBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

export function uuidToBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** A random UUID, version 4. */
export function uuidV4(random: (size: number) => Buffer): string {
  return withVersion(random(16), 4)
}

/** A UUID version 7 (RFC 9562, 5.7): ordered by time, so that new rows are neighbours in an index. */
export function uuidV7(now: Date, random: (size: number) => Buffer): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(now.getTime(), 0, 6)
  random(10).copy(bytes, 6)
  return withVersion(bytes, 7)
}

function withVersion(bytes: Buffer, version: number): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return uuidFromBytes(bytes)
}

/** Whether a text is a UUID, in upper or lower case; nothing else may be compared with a `uuid` column. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
