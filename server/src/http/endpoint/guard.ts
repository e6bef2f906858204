import type { FastifyRequest } from 'fastify'
import type { EdgeSettings, HttpContext } from './http-context.ts'

/** Decides who may call at all, before the body is read. */
export interface Guard {
  /** Throws what refuses. */
  check(ctx: HttpContext, request: FastifyRequest): Promise<void>
  /** The credential it wants: a scheme of the API's description, or null for none. */
  scheme(edge: EdgeSettings): 'accessToken' | 'serviceKey' | null
  /** What it refuses with. */
  refusals(edge: EdgeSettings): readonly Error[]
}
