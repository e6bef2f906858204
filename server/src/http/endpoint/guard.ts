import type { FastifyRequest } from 'fastify'
import type { EdgeSettings, HttpContext } from './http-context.ts'

/** Decides whether a client may call an endpoint, before the body is read. */
export interface Guard {
  /** Throws a refusal if the client may not call. */
  check(ctx: HttpContext, request: FastifyRequest): Promise<void>
  /** Whether the path does not exist for clients that it refuses, whatever the method. */
  hidesPath?: true
  /** The credential it requires: a security scheme of the OpenAPI description, or null for none. */
  scheme(edge: EdgeSettings): 'accessToken' | 'serviceKey' | null
  /** The refusals that `check` may throw. */
  refusals(edge: EdgeSettings): readonly Error[]
}
