import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { AuthErrorCode } from '../../auth/context/auth-error.ts'
import type { EdgeSettings, HttpContext } from './http-context.ts'

export type EndpointRequest<Body = unknown, Param extends string = string> = FastifyRequest<{
  Body: Body
  Params: Record<Param, string>
}>

/** The place where a client has the refresh token of its login: in bodies, or in a cookie. */
export type TokenPlace = 'body' | 'cookie'

/** An endpoint: its input, its responses and its handler. Each has its own file, named after it. */
export interface Endpoint<Body extends TSchema = TSchema, Param extends string = string> {
  /** Its part of the OpenAPI description; null for pages, which are not part of the API. */
  about: About | null
  /** The path parameters, each with its description. */
  params?: Record<Param, string>
  /** The optional query parameters, each with the values that it may have if they are few; an example is what API clients send. */
  query?: Record<string, { description: string; values?: readonly string[]; example?: string }>
  body?: Body
  /** The type of its body: a form for OAuth (RFC 6749, 4.1.3), or JSON as well; JSON for everything else. */
  bodyType?: 'form' | 'form or JSON'
  /** The parameters of a form that mean nothing, however often they occur. */
  ignoredParameters?: readonly string[]
  /** Whether keys of its body may be called `__proto__`, which its rule refuses in its own words. */
  takesAnyKey?: true
  /** Whether a request that has its credential in a cookie may come without a body, or with any type of an empty one. */
  mayOmitBody?: true
  /** Status -> body schema. Fields that are not in the schema are never sent. */
  responses: Record<number, TSchema>
  /** The type of its answer where that is signed. */
  signedAs?: 'application/jwt'
  handle(ctx: HttpContext, request: EndpointRequest<Static<Body>, Param>, reply: FastifyReply): Promise<unknown>
}

export interface About {
  operationId: string
  tag:
    | 'Registration'
    | 'Authentication'
    | 'Sessions'
    | 'Password'
    | 'Claims'
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
  /** Whether a refresh token in the body of its answer comes with an attempt. */
  handsOutAttempt?: true
  /** Whether the refresh token may come from a cookie, or be returned in one. */
  takesCookie?: boolean
  /**
   * The bodies of clients that have the refresh token in one of the places, where this makes a difference: the route takes
   * and sends those of both. Clients that generate code then have a type for each field that they get, and no other.
   */
  bodiesFor?: (place: TokenPlace, edge: EdgeSettings) => Bodies
  /** Bodies from the contracts. A `{{name}}` is a variable of API clients such as Postman and Bruno. */
  examples?: Examples
}

export interface Bodies {
  /** Null: a request without a body. */
  request: TSchema | null
  answer: TSchema
  examples: Examples
}

export interface Examples {
  body?: object
  answer?: object
  /** The answer of a 202 beside a 200. */
  accepted?: object
  params?: Readonly<Record<string, string>>
}

/** Declares an endpoint, so that its handler gets the types of its body and path parameters. */
export function endpoint<Body extends TSchema, Param extends string = never>(
  definition: Endpoint<Body, Param>,
): Endpoint {
  return definition as unknown as Endpoint
}
