import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { AuthErrorCode } from '../../auth/context/auth-error.ts'
import type { HttpContext } from './http-context.ts'

export type EndpointRequest<Body = unknown, Param extends string = string> = FastifyRequest<{
  Body: Body
  Params: Record<Param, string>
}>

/** An endpoint: its input, its responses and its handler. Each has its own file, named after it. */
export interface Endpoint<Body extends TSchema = TSchema, Param extends string = string> {
  /** Its part of the OpenAPI description; null for pages, which are not part of the API. */
  about: About | null
  /** The path parameters, each with its description. */
  params?: Record<Param, string>
  /** The optional query parameters, each with the values that it may have. */
  query?: Record<string, { description: string; values: readonly string[] }>
  body?: Body
  /** The type of its body: a form for OAuth (RFC 6749, 4.1.3), JSON for everything else. */
  bodyType?: 'form'
  /** Whether a request that has its credential in a cookie may come without a body, or with any type of an empty one. */
  mayOmitBody?: true
  /** Status -> body schema. Fields that are not in the schema are never sent. */
  responses: Record<number, TSchema>
  handle(ctx: HttpContext, request: EndpointRequest<Static<Body>, Param>, reply: FastifyReply): Promise<unknown>
}

export interface About {
  operationId: string
  tag:
    | 'Registration'
    | 'Authentication'
    | 'Sessions'
    | 'Password'
    | 'E-mail'
    | 'Token pairs'
    | 'OAuth'
    | 'Keys'
    | 'Operation'
  summary: string
  /** The description of a successful response. */
  success: string
  /** Anything a client should know beyond statuses and fields. */
  detail?: string
  /** Refusals of the rules, in addition to those of the guard, the limit and the body. */
  refusals?: readonly AuthErrorCode[]
  /** Other refusals, for the description. */
  errors?: readonly Error[]
  takesIdempotencyKey?: boolean
  /** Whether the refresh token may come from a cookie, or be returned in one. */
  takesCookie?: boolean
  /** Bodies from the contracts; `accepted` is the one of a 202 beside a 200. */
  examples?: { body?: object; answer?: object; accepted?: object }
}

/** Declares an endpoint, so that its handler gets the types of its body and path parameters. */
export function endpoint<Body extends TSchema, Param extends string = never>(
  definition: Endpoint<Body, Param>,
): Endpoint {
  return definition as unknown as Endpoint
}
