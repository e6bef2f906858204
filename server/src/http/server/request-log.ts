import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../observe/log.ts'
import type { Metrics } from '../../observe/metrics.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The sentence that the request was refused with; null for a request that was not refused. */
    refusal: string | null
  }
}

/** Logs the one line of each answered request, with the user or the service that a credential named. */
export function logRequest(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const { id: requestId, method, client } = request
  const ms = Math.round(reply.elapsedTime * 10) / 10
  const reason = request.refusal === null ? {} : { reason: request.refusal }
  const user = request.caller ? { userId: request.caller.userId, sessionId: request.caller.sessionId } : {}
  const of = client.service == null ? user : { ...user, service: client.service }
  log.info(
    { requestId, method, path: requestPath(request), status: reply.statusCode, ms, ip: client.ip, ...of, ...reason },
    'request',
  )
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'] as const

/** Measures an answered request by the pattern of its route; paths and methods that clients made up are `none` and `other`. */
export function measureRequest(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  metrics.observe('tessera_http_request_duration_seconds', reply.elapsedTime / 1000, {
    route: request.routeOptions.url ?? 'none',
    method: METHODS.find((method) => method === request.method) ?? 'other',
    status: String(reply.statusCode),
  })
}

/** Returns a log that adds the request's id to every line. */
export function withRequestId(log: Log, requestId: string): Log {
  return {
    info: (fields, message) => log.info({ requestId, ...fields }, message),
    warn: (fields, message) => log.warn({ requestId, ...fields }, message),
    error: (fields, message) => log.error({ requestId, ...fields }, message),
  }
}

/**
 * Returns the path without the query. A query may contain a secret, so it is never logged or compared; nor is a fragment,
 * which mail gateways make part of the path.
 */
export function requestPath(request: FastifyRequest): string {
  return request.url.split(/[?#]|%(?:25)*23/, 1)[0] ?? ''
}
