import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../observe/log.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { outcomeOf } from '../operation/count-outcomes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The sentence that the request was refused with; null for a request that was not refused. */
    refusal: string | null
  }
}

/** Balancers ask each second, and want no line for it. */
const PROBES = new Set(['/health', '/ready'])

/**
 * Logs the one line of each answered request, with the user, the session or the service that a credential named, and what
 * came of a refresh or a login.
 */
export function logRequest(
  { log, edge }: Pick<HttpContext, 'log' | 'edge'>,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { statusCode: status } = reply
  if (edge.logsRequests === 'off' || (edge.logsRequests === 'errors' && status < 500)) return
  if (PROBES.has(request.routeOptions.url ?? '')) return
  const { id: requestId, method, client, caller, noted } = request
  const ms = Math.round(reply.elapsedTime * 10) / 10
  const line = {
    ...{ requestId, method, path: requestPath(request), status, ms, ip: client.ip },
    user: caller?.userId ?? noted?.userId,
    sid: caller?.sessionId ?? noted?.sessionId,
    service: client.service ?? undefined,
    outcome: outcomeOf(request, reply) ?? undefined,
    trace: traceOf(request) ?? undefined,
    reason: request.refusal ?? undefined,
  }
  if (status < 500) log.info(line, 'request')
  else if (status === 503) log.warn(line, 'request')
  else log.error(line, 'request')
}

/** Returns the trace of a request (W3C Trace Context), as a trusted proxy names it. */
function traceOf({ raw, isFromTrustedProxy }: FastifyRequest): string | null {
  const header = isFromTrustedProxy ? raw.headers['traceparent'] : undefined
  if (typeof header !== 'string') return null
  return /^00-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.exec(header)?.[1] ?? null
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
