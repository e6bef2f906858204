import type { FastifyRequest } from 'fastify'
import type { Service, ServiceScope } from '../../crypto/keys/service-keys.ts'
import { insufficientScope, ServiceKeyRefused } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { bearerToken } from './bearer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The service whose key the request has, on routes with the guard {@link serviceKey}. */
    service: Service | null
  }
}

/** Allows services with a key of a scope. Audit events of the request name the service. */
export function serviceKey(scope: ServiceScope): Guard {
  return {
    async check({ edge }, request) {
      const key = bearerToken(request)
      const service = key === null ? null : edge.serviceKeys.find(key)
      if (!service) throw new ServiceKeyRefused(key !== null)
      request.service = service
      request.client = { ...request.client, service: service.name }
      if (!service.scopes.includes(scope)) throw insufficientScope(scope)
    },
    scheme: () => 'serviceKey',
    refusals: () => [new ServiceKeyRefused(false), insufficientScope(scope)],
  }
}

/** Whether a request has a service key of a scope, for endpoints that also answer others. */
export function isService({ edge }: Pick<HttpContext, 'edge'>, request: FastifyRequest, scope: ServiceScope): boolean {
  const key = bearerToken(request)
  return key !== null && edge.serviceKeys.find(key)?.scopes.includes(scope) === true
}

/** Returns the service of an endpoint with the guard {@link serviceKey}. */
export function requireService(request: FastifyRequest): Service {
  if (!request.service) throw new Error('the route has no guard for service keys')
  return request.service
}
