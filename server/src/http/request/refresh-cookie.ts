import { parseCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'

/** The `__Host-` prefix lets only this host set the cookie, over TLS and for all its paths (RFC 6265bis, 4.1.3). */
export const REFRESH_COOKIE = '__Host-tessera_refresh'

interface RefreshCookie {
  refreshToken: string
  /** The text behind the token; null in cookies from before, and where `COOKIE_ATTEMPTS` is off. */
  attempt: string | null
}

export function readRefreshCookie(request: FastifyRequest): RefreshCookie | undefined {
  const value = parseCookie(request.headers.cookie ?? '')[REFRESH_COOKIE]
  return value === undefined ? undefined : splitCookieValue(value)
}

/** Splits `token.attempt`. Neither half contains a dot, so what is no such value is no token either. */
export function splitCookieValue(value: string): RefreshCookie {
  const dot = value.indexOf('.')
  if (dot === -1) return { refreshToken: value, attempt: null }
  return { refreshToken: value.slice(0, dot), attempt: value.slice(dot + 1) }
}
