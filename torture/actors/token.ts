import { createHash } from 'node:crypto'

/** What a refresh token says of itself; histories keep no secret. */
export interface Token {
  session: string
  generation: number
  /** Tells tokens apart. */
  print: string
}

/** Reads the public part of a refresh token: session id (16 bytes), generation (4), and secrets after it. */
export function readToken(text: string): Token {
  const bytes = Buffer.from(text, 'base64url')
  const hex = bytes.toString('hex', 0, 16)
  return {
    session: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    generation: bytes.readUInt32BE(16),
    print: createHash('sha256').update(text).digest('base64url').slice(0, 16),
  }
}
