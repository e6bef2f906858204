import type { FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

/**
 * Lets requests with a cookie through that come from a page of this server, from one of `CORS_ORIGINS`, or from no browser.
 * Together with a JSON content type, which no form can send, that stops cross-site request forgery (OWASP CSRF
 * Prevention Cheat Sheet); `SameSite=Strict` is a second line.
 */
export function refuseCrossSite({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const isListed = origin !== undefined && edge.corsOrigins.includes(origin)
  const isOwn = origin === undefined || hostFrom(origin) === request.headers.host
  // A page of another port or subdomain says `same-site`: it must be listed, too.
  const isFetchedHere = site === undefined || site === 'same-origin' || isListed
  if ((isOwn || isListed) && isFetchedHere) return
  throw crossSite()
}

export function crossSite(): Refusal {
  return new Refusal(403, 'cross_site', 'Requests with a cookie must come from a page of this site')
}

/** `null` is the origin of a page that hides its own. */
function hostFrom(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
