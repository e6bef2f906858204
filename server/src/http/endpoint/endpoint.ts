import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { AuthErrorCode } from '../../auth/context/auth-error.ts'
import type { HttpContext } from './http-context.ts'

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
