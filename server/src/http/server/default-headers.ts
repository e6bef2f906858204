import type { FastifyReply, FastifyRequest } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'

/** Default response headers: responses are data for programs. Pages override the policy. */
const DEFAULT_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

const ONE_YEAR = 'max-age=31536000'
const HSTS: Record<EdgeSettings['hsts'], string | null> = {
  subdomains: `${ONE_YEAR}; includeSubDomains`,
  host: ONE_YEAR,
  off: null,
}

/** Sets the headers that every response has. */
export function setDefaultHeaders(edge: EdgeSettings, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(defaultHeaders(edge, { id: request.id, isSecure: request.isSecure }))
}

/** Returns the headers that every response has, also to input that is no request. */
export function defaultHeaders(
  { hsts }: EdgeSettings,
  { id, isSecure }: { id: string; isSecure: boolean },
): Record<string, string> {
  const policy = HSTS[hsts]
  const secure = isSecure && policy !== null ? { 'strict-transport-security': policy } : {}
  return { ...DEFAULT_HEADERS, 'x-request-id': id, ...secure }
}
