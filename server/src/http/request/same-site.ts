import type { FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import type { EdgeSettings, HttpContext } from '../endpoint/http-context.ts'

/**
 * Allows requests with a cookie only from a page of this server, from one of `CORS_ORIGINS`, or from a client that is
 * not a browser. This stops cross-site request forgery (OWASP CSRF Prevention Cheat Sheet); `SameSite` and, for bodies
 * with content, the JSON content type, which no form can send, are further lines of defence.
 */
export function refuseCrossSite({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const isListed = origin !== undefined && edge.allowsOrigin(origin)
  // Requests from another port or subdomain are `same-site`: their origin must be listed, too.
  const isAllowedSite = site === undefined || site === 'same-origin' || isListed
  // A page may hide its origin; that it is this server's is then the browser's own word.
  const isHidden = origin === 'null' && site === 'same-origin'
  const isOwn = () => origin === undefined || isHidden || ownOrigins(edge, request).includes(origin)
  if (isAllowedSite && (isListed || isOwn())) return
  throw crossSite(ownOrigins(edge, request))
}

/** @param expected the origins of this server, as it sees itself: behind a proxy they may be a surprise */
export function crossSite(expected: readonly string[] = []): Refusal {
  const details = expected.length > 0 ? { expected_origins: expected } : {}
  return new Refusal(403, 'cross_site', 'Requests with a cookie must come from a page of this site', {}, details)
}

/** Scheme, host and port under which this server is reached: by the request, by a trusted proxy, and by `PUBLIC_URL`. */
function ownOrigins({ publicOrigin }: EdgeSettings, request: FastifyRequest): string[] {
  const scheme = request.isSecure ? 'https' : 'http'
  const hosts = [request.headers.host, request.forwardedHost]
  const reached = hosts.flatMap((host) => (host ? [originFrom(`${scheme}://${host}`)] : []))
  return [...new Set([...reached, publicOrigin].filter((origin) => origin !== null))]
}

/** An origin as browsers write it: lower case, without the default port. Null for what is none. */
function originFrom(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null
}
