import type { FastifyRequest } from 'fastify'
import {
  ambiguousBody,
  httpsRequired,
  type Refusal,
  tooManyHeaders,
  twoHosts,
  unknownTransferCoding,
} from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { requestPath } from './request-log.ts'

const MAX_HEADERS = 100

/** Rejects requests that another parser could read differently, and plain HTTP where HTTPS is required. */
export function rejectUnsafeRequest({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest): Refusal | undefined {
  const { rawHeaders } = request.raw
  // Node.js would silently drop headers beyond its limit, perhaps a proxy's, and every Host but the first.
  if (rawHeaders.length > 2 * MAX_HEADERS) return tooManyHeaders()
  if (countHosts(rawHeaders) > 1) return twoHosts()
  const coding = request.raw.headers['transfer-encoding']?.trim().toLowerCase()
  if (coding !== undefined && coding !== 'chunked')
    return /,\s*chunked$/.test(coding) ? unknownTransferCoding() : ambiguousBody()
  if (coding !== undefined && request.raw.httpVersion === '1.0') return ambiguousBody()
  return edge.requireHttps && !request.isSecure && !isProbe(request) ? httpsRequired() : undefined
}

/** @param rawHeaders names and values alternating, as received */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count++
  }
  return count
}

/** Load balancers and orchestrators probe from inside the network, over plain HTTP. */
function isProbe(request: FastifyRequest): boolean {
  return ['/health', '/ready'].includes(requestPath(request).replace(/\/$/, ''))
}
