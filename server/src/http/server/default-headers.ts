import type { FastifyReply, FastifyRequest } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'

/** Default response headers: responses are data for programs. Pages override the policy. */
export const DEFAULT_HEADERS = {
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
export function setDefaultHeaders({ hsts }: EdgeSettings, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(DEFAULT_HEADERS).header('x-request-id', request.id)
  const policy = HSTS[hsts]
  if (request.isSecure && policy !== null) reply.header('strict-transport-security', policy)
}
