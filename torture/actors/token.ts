import { createHash } from 'node:crypto'

/** The public part of a refresh token, and a fingerprint: histories contain no secret. */
export interface Token {
  session: string
  generation: number
  fingerprint: string
}

/** Reads a refresh token: session id (16 bytes), generation (4 bytes), and secrets after that. */
export function readToken(text: string): Token {
  const bytes = Buffer.from(text, 'base64url')
  const hex = bytes.toString('hex', 0, 16)
  return {
    session: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    generation: bytes.readUInt32BE(16),
    fingerprint: createHash('sha256').update(text).digest('base64url').slice(0, 16),
  }
}
