import type { FastifyRequest } from 'fastify'
import { httpsRequired, type Refusal, tooManyHeaders, twoHosts } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { requestPath } from './request-log.ts'

export const MAX_HEADERS = 100

/** Rejects requests that another parser could read differently, and those that arrived over plain HTTP where that is refused. */
export function rejectUnsafeRequest({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest): Refusal | undefined {
  const { rawHeaders } = request.raw
  // Node.js would drop headers beyond a count in silence, a proxy's among them, and every Host but the first.
  if (rawHeaders.length > 2 * MAX_HEADERS) return tooManyHeaders()
  if (countHosts(rawHeaders) > 1) return twoHosts()
  return edge.requireHttps && !request.isSecure && !isProbe(request) ? httpsRequired() : undefined
}

/** Names and values in turn, as they came. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count++
  }
  return count
}

/** Load balancers and orchestrators ask from inside, over plain HTTP. */
function isProbe(request: FastifyRequest): boolean {
  return ['/health', '/ready'].includes(requestPath(request))
}
