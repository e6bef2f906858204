import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { AuthErrorCode } from '../auth/auth-error.ts'
import type { Context } from '../auth/context.ts'
import type { Budget, Limiter } from '../auth/limits.ts'
import type { MailFrom } from '../mail/sender.ts'
import type { IpRanges } from '../net/ip-address.ts'

/** What endpoints and guards need: the rules' context, and the settings of the edge. */
export interface HttpContext extends Context {
  /** Shared by all replicas: what guards passwords. */
  limiter: Limiter
  /** This process's own: it costs no statement, and no store can be away. */
  ownLimiter: Limiter
  edge: EdgeSettings
}

export interface EdgeSettings {
  production: boolean
  pairIssuance: 'service' | 'demo' | 'off'
  serviceKeys: readonly string[]
  demoFrom: IpRanges
  trustedProxies: IpRanges
  requireHttps: boolean
  /** Whose pages may call from a browser. */
  corsOrigins: readonly string[]
  cookieMode: boolean
  smtpUrl: string | null
  mailFrom: MailFrom
  publicUrl: string | null
}

export type EndpointRequest<Body = unknown, Param extends string = string> = FastifyRequest<{
  Body: Body
  Params: Record<Param, string>
}>

/** One endpoint: what it takes, what it answers, and what it does. Kept in a file of its own, named after it. */
export interface Endpoint<Body extends TSchema = TSchema, Param extends string = string> {
  /** What the API's description says of it; null for pages, which are no part of the API. */
  about: About | null
  /** The parameters of its path, each with its description. */
  params?: Record<Param, string>
  body?: Body
  /** Status -> body; fields that are not in the schema never leave. */
  responses: Record<number, TSchema>
  handle(ctx: HttpContext, request: EndpointRequest<Static<Body>, Param>, reply: FastifyReply): Promise<unknown>
}

export interface About {
  operationId: string
  tag: 'Registration' | 'Authentication' | 'Token pairs' | 'Operation'
  summary: string
  /** What a success means. */
  done: string
  /** What a caller should know beyond statuses and fields. */
  detail?: string
  /** What the rules may refuse, beside what its guard, its limit and its body bring. */
  refusals?: readonly AuthErrorCode[]
  takesIdempotencyKey?: boolean
  /** Whether a cookie may bring the refresh token, or take it away. */
  takesCookie?: boolean
  /** From the documents. */
  examples?: { body?: object; answer?: object }
}

/** Keeps the types of body and path parameters from their declaration to the handler. */
export function endpoint<Body extends TSchema, Param extends string = never>(
  definition: Endpoint<Body, Param>,
): Endpoint {
  return definition as unknown as Endpoint
}

/** Decides who may call at all, before the body is read. */
export interface Guard {
  /** Throws what refuses. */
  check(ctx: HttpContext, request: FastifyRequest): Promise<void>
  /** The credential it wants: a scheme of the API's description, or null for none. */
  scheme(edge: EdgeSettings): 'accessToken' | 'serviceKey' | null
  /** What it refuses with. */
  refusals(edge: EdgeSettings): readonly Error[]
}

/** The budgets of one endpoint, taken before its work. */
export interface Limit {
  /** `shared` over all replicas, taken when the body is read; or this `process`'s own, taken before anything else. */
  countedBy: 'shared' | 'process'
  budgets(request: EndpointRequest, ctx: HttpContext): readonly Budget[]
  /** Whether callers who succeed, and so proved themselves, get their points back. */
  refundedOnSuccess: boolean
}
