import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { routes } from '../routes.ts'

/**
 * The paths of the routes, each with the pattern it matches: `/api/v1/users/:id` matches `/api/v1/users/7`. A path without
 * parameters comes first, as it does for requests.
 */
const patterns = [...new Set(routes.map(({ path }) => path))]
  .sort((a, b) => countParams(a) - countParams(b))
  .map(
    (path) =>
      [path, new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.+')}/?$`)] as const,
  )

/** Returns the 405 for a path that exists with other methods; null for a path that does not exist. */
export function methodNotAllowedAt(path: string): Refusal | null {
  const known = patterns.find(([, pattern]) => pattern.test(path))
  return known ? methodNotAllowed(known[0]) : null
}

/** Returns the guard that may hide a path, null for none. */
export function hidingGuardAt(path: string): Guard | null {
  const known = patterns.find(([, pattern]) => pattern.test(path))
  const guard = known && routesAt(known[0])[0]?.guard
  return guard?.hidesPath ? guard : null
}

/** Answers any other method on a known path with a 405 that lists the allowed ones (RFC 9110, 15.5.6). */
export function refuseOtherMethods(server: FastifyInstance, ctx: HttpContext): void {
  for (const [path] of patterns) {
    const guard = routesAt(path)[0]?.guard
    const refuse = async (request: FastifyRequest) => {
      if (guard?.hidesPath) await guard.check(ctx, request)
      throw methodNotAllowed(path)
    }
    const allowed = methodsAt(path)
    const method = server.supportedMethods.filter((supported) => !allowed.includes(supported))
    const contract = routesAt(path)[0]?.contract
    server.route({ method, url: path, config: { contract }, onRequest: refuse, handler: refuse })
  }
}

function methodNotAllowed(path: string): Refusal {
  return new Refusal(405, 'method_not_allowed', 'Method not allowed', { allow: methodsAt(path).join(', ') })
}

function methodsAt(path: string): string[] {
  const methods = routesAt(path).map((route) => route.method as string)
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}

function routesAt(path: string): Route[] {
  return routes.filter((route) => route.path === path)
}

function countParams(path: string): number {
  return path.split(/[:*]/).length - 1
}
