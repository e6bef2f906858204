import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { Context } from '../auth/context.ts'
import type { Budget, Limiter } from '../auth/limits.ts'
import type { IpRanges } from '../net/ip-address.ts'

/** What endpoints and guards need: the rules' context, and the settings of the edge. */
export interface HttpContext extends Context {
  limiter: Limiter
  edge: EdgeSettings
}

export interface EdgeSettings {
  pairIssuance: 'service' | 'demo' | 'off'
  serviceKeys: readonly string[]
  demoFrom: IpRanges
  trustedProxies: IpRanges
  /** Whose pages may call from a browser. */
  corsOrigins: readonly string[]
}

export type EndpointRequest<Body> = FastifyRequest<{ Body: Body; Params: { id: string } }>

/** One endpoint: what it takes, what it answers, and what it does. Kept in a file of its own, named after it. */
export interface Endpoint<Body extends TSchema = TSchema> {
  body?: Body
  /** Status -> body; fields that are not in the schema never leave. */
  responses: Record<number, TSchema>
  handle(ctx: HttpContext, request: EndpointRequest<Static<Body>>, reply: FastifyReply): Promise<unknown>
}

/** Keeps the body's type from the schema to the handler. */
export function endpoint<Body extends TSchema>(definition: Endpoint<Body>): Endpoint {
  return definition as unknown as Endpoint
}

/** Decides who may call at all, before the body is read. Throws what refuses. */
export type Guard = (ctx: HttpContext, request: FastifyRequest) => Promise<void>

/** The budgets of one door, taken before its work. */
export interface Limit {
  budgets(request: EndpointRequest<never>): readonly Budget[]
  /** Whether callers who succeed, and so proved themselves, get their points back. */
  givenBackOnSuccess: boolean
}
