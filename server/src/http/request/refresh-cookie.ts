import { parseCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'

/** The `__Host-` prefix lets only this host set the cookie, over TLS and for all its paths (RFC 6265bis, 4.1.3). */
export const REFRESH_COOKIE = '__Host-tessera_refresh'

export function readRefreshCookie(request: FastifyRequest): string | undefined {
  return parseCookie(request.headers.cookie ?? '')[REFRESH_COOKIE]
}
