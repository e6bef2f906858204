import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../auth/context/caller.ts'
import { authenticate, countRefusedToken } from '../../auth/token/authenticate.ts'
import { Unauthenticated } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller that the access token identifies, on routes with the guard {@link bearer}. */
    caller: Caller | null
  }
}

/** Allows clients with a valid access token (RFC 6750). */
export const bearer: Guard = {
  async check(ctx, request) {
    const token = bearerToken(request)
    request.caller = token === null ? null : await authenticate(ctx, token)
    if (request.caller) return
    await countRefusedToken(ctx, token)
    throw new Unauthenticated(token)
  },
  scheme: () => 'accessToken',
  refusals: () => [new Unauthenticated(null)],
}

/** Returns the caller of an endpoint with the guard {@link bearer}. */
export function requireCaller(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('the route has no bearer guard')
  return request.caller
}

/** Reads the token of `Authorization: Bearer …`, if it has only the characters that RFC 6750, 2.1 allows. */
export function bearerToken(request: FastifyRequest): string | null {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}
