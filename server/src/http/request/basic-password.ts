import type { FastifyRequest } from 'fastify'
import { decodeUtf8 } from '../../text/utf8.ts'

/** Whether a request tries to authenticate with Basic (RFC 7617). */
export function isBasic({ headers }: FastifyRequest): boolean {
  return /^Basic( |$)/i.test(headers.authorization ?? '')
}

/**
 * Reads the password of a Basic header, which OAuth clients encode as in a form (RFC 6749, 2.3.1). A plus sign stays one:
 * clients that do not encode their passwords send it so, and no key has a space. Null for a header that cannot be read.
 */
export function basicPassword({ headers }: FastifyRequest): string | null {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(headers.authorization ?? '') ?? []
  const credentials = decodeUtf8(Buffer.from(encoded, 'base64')) ?? ''
  const colon = credentials.indexOf(':')
  if (colon === -1) return null
  try {
    return decodeURIComponent(credentials.slice(colon + 1))
  } catch {
    return null // a % that begins no escape
  }
}
