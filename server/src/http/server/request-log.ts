import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../observe/log.ts'

/** Writes the one line that every answered request gets. */
export function logRequest(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const { id: requestId, method, client } = request
  const ms = Math.round(reply.elapsedTime * 10) / 10
  log.info({ requestId, method, path: requestPath(request), status: reply.statusCode, ms, ip: client.ip }, 'request')
}

/** A log whose lines name the request that they belong to. */
export function withRequestId(log: Log, requestId: string): Log {
  return {
    info: (fields, message) => log.info({ requestId, ...fields }, message),
    warn: (fields, message) => log.warn({ requestId, ...fields }, message),
    error: (fields, message) => log.error({ requestId, ...fields }, message),
  }
}

/** The path without the query, which may hold a secret: it is never logged nor compared. */
export function requestPath(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
