import type { FastifyRequest } from 'fastify'
import type { EdgeSettings, HttpContext } from './http-context.ts'

type SecurityScheme = 'accessToken' | 'serviceKey' | 'serviceKeyAsPassword'

/** Decides whether a client may call an endpoint, before the body is read. */
export interface Guard {
  /** Throws a refusal if the client may not call. */
  check(ctx: HttpContext, request: FastifyRequest): Promise<void>
  /** Whether the path does not exist for clients that it refuses, whatever the method. */
  hidesPath?: true
  /** The credential it requires, or a choice of several: security schemes of the OpenAPI description. Null for none. */
  scheme(edge: EdgeSettings): SecurityScheme | readonly SecurityScheme[] | null
  /** The refusals that `check` may throw. */
  refusals(edge: EdgeSettings): readonly Error[]
}
