import { createHash } from 'node:crypto'

/** SHA-256 in base64url, 43 characters. */
export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('base64url')
}
