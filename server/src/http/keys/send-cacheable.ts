import type { FastifyReply, FastifyRequest } from 'fastify'
import { sha256 } from '../../crypto/hashing/sha256.ts'

/**
 * Five minutes: a key is published for a day before it signs, so no verifier meets a key that it could not have read. An old
 * copy serves while this server is away, and never otherwise: it would lack new keys.
 */
const CACHE_CONTROL = 'public, max-age=300, stale-if-error=86400'

/** Sends a document that caches may keep, or a 304 if the client has it. */
export function sendCacheable(request: FastifyRequest, reply: FastifyReply, document: object): FastifyReply {
  const text = JSON.stringify(document)
  const etag = `"${sha256(text).slice(0, 22)}"`
  reply.headers({ 'cache-control': CACHE_CONTROL, etag })
  if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').serializer(String).send(text)
}
