import type { FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

/**
 * Allows requests with a cookie only from a page of this server, from one of `CORS_ORIGINS`, or from a client that is
 * not a browser. Together with the JSON content type, which no form can send, this stops cross-site request forgery
 * (OWASP CSRF Prevention Cheat Sheet); `SameSite=Strict` is a second line of defence.
 */
export function refuseCrossSite({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const isListed = origin !== undefined && edge.corsOrigins.includes(origin)
  const isSameHost = origin === undefined || hostFrom(origin) === request.headers.host
  // Requests from another port or subdomain are `same-site`: their origin must be listed, too.
  const isAllowedSite = site === undefined || site === 'same-origin' || isListed
  if ((isSameHost || isListed) && isAllowedSite) return
  throw crossSite()
}

export function crossSite(): Refusal {
  return new Refusal(403, 'cross_site', 'Requests with a cookie must come from a page of this site')
}

/** Returns the host of an origin; null for the origin `null`, which pages send to hide their own. */
function hostFrom(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
