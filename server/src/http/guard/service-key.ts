import type { FastifyRequest } from 'fastify'
import type { Service, ServiceScope } from '../../crypto/keys/service-keys.ts'
import { insufficientScope, ServiceKeyRefused } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { basicPassword, isBasic } from '../request/basic-password.ts'
import { bearerToken } from './bearer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The service whose key the request has, on routes with the guard {@link serviceKey}. */
    service: Service | null
  }
}

/** Allows services with a key of a scope. Audit events of the request name the service. */
export function serviceKey(scope: ServiceScope): Guard {
  return guard(scope, bearerKey, 'serviceKey')
}

/** Does the same for OAuth clients, which may also send the key as the password of a Basic header (RFC 6749, 2.3.1). */
export function serviceKeyOrPassword(scope: ServiceScope): Guard {
  const presented = (request: FastifyRequest) =>
    isBasic(request) ? { key: basicPassword(request), challenge: 'Basic realm="tessera"' } : bearerKey(request)
  return guard(scope, presented, ['serviceKey', 'serviceKeyAsPassword'])
}

interface PresentedKey {
  /** Null if the request has none, or none that can be read. */
  key: string | null
  /** For `WWW-Authenticate`: the scheme that the request tried. */
  challenge: string
}

const bearerKey = (request: FastifyRequest): PresentedKey => ({ key: bearerToken(request), challenge: 'Bearer' })

function guard(
  scope: ServiceScope,
  presentedBy: (request: FastifyRequest) => PresentedKey,
  scheme: ReturnType<Guard['scheme']>,
): Guard {
  return {
    async check({ edge }, request) {
      const { key, challenge } = presentedBy(request)
      const service = key === null ? null : edge.serviceKeys.find(key)
      if (!service) throw new ServiceKeyRefused(key !== null, challenge)
      request.service = service
      request.client = { ...request.client, service: service.name }
      if (!service.scopes.includes(scope)) throw insufficientScope(scope)
    },
    scheme: () => scheme,
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
