import type { FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'

/**
 * Reads the `Idempotency-Key` of a refresh: 16 to 128 visible ASCII characters, generated for each refresh. With it a
 * client can repeat a refresh whose response was lost.
 */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && /^[\x21-\x7e]{16,128}$/.test(key)) return key
  throw invalidIdempotencyKey()
}

export function invalidIdempotencyKey(): Refusal {
  return new Refusal(400, 'invalid_idempotency_key', 'Idempotency-Key must be 16 to 128 visible ASCII characters')
}
