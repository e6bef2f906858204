import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decodeUtf8 } from '../../text/utf8.ts'
import { Refusal } from '../contract/refusal.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { readRefreshCookie } from './refresh-cookie.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    mayOmitBody?: boolean
    bodyType?: 'form' | 'form or JSON' | undefined
    ignoredParameters?: readonly string[] | undefined
    /** Whether a rule judges keys such as `__proto__`. */
    takesAnyKey?: boolean
  }
}

type CookieSettings = Pick<EdgeSettings, 'cookieMode'>
type Done = (error: Error | null, body?: unknown) => void

/**
 * Whether an empty body counts as `{}`: at endpoints that allow it, for clients that keep their token in a cookie. Libraries
 * send nothing in many ways: without a type, as JSON, as a form, in chunks.
 */
export function mayOmitBody({ cookieMode }: CookieSettings, request: FastifyRequest): boolean {
  return request.routeOptions.config.mayOmitBody === true && (cookieMode || readRefreshCookie(request) !== undefined)
}

/** Parses bodies that are not JSON: forms for OAuth, and empty ones of any type where the body may be omitted. */
export function readOtherBodies(server: FastifyInstance, edge: CookieSettings): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done: Done) => {
      const { bodyType, ignoredParameters = [] } = request.routeOptions.config
      if (bodyType !== undefined) readForm(bytes, ignoredParameters, done)
      else if (bytes.length === 0 && mayOmitBody(edge, request)) done(null, {})
      else done(unsupportedType())
    },
  )
  server.addContentTypeParser('*', (request: FastifyRequest, payload: NodeJS.ReadableStream, done: Done) => {
    if (mayOmitBody(edge, request)) refuseContent(payload, done)
    else done(unsupportedType())
  })
}

/**
 * Reads a form without duplicate names, of which two parsers could take different ones. A parameter without a value counts
 * as omitted (RFC 6749, 3.2).
 */
function readForm(bytes: Buffer, ignored: readonly string[], done: Done): void {
  const entries = [...new URLSearchParams(decodeUtf8(bytes) ?? '')].filter(([name]) => !ignored.includes(name))
  if (new Set(entries.map(([name]) => name)).size === entries.length)
    done(null, Object.fromEntries(entries.filter(([, value]) => value !== '')))
  else done(new Refusal(400, 'invalid_request', 'A parameter occurs twice'))
}

function refuseContent(payload: NodeJS.ReadableStream, done: Done): void {
  let isDone = false
  const finish: Done = (error, body) => {
    if (!isDone) done(error, body)
    isDone = true
  }
  payload.once('data', () => finish(unsupportedType()))
  payload.once('end', () => finish(null, {}))
  // The client went away in the middle of its body.
  payload.once('error', (error) => finish(Object.assign(error, { statusCode: 400 })))
}

export function unsupportedType(): Error {
  return Object.assign(new Error('unsupported media type'), { statusCode: 415 })
}
