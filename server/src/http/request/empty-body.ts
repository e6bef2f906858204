import type { FastifyRequest } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { readRefreshCookie } from './refresh-cookie.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    mayOmitBody?: boolean
  }
}

/**
 * Whether an empty body counts as `{}`: at endpoints that allow it, for clients that keep their token in a cookie. Libraries
 * send nothing in many ways: without a type, as JSON, as a form, in chunks.
 */
export function mayOmitBody({ cookieMode }: Pick<EdgeSettings, 'cookieMode'>, request: FastifyRequest): boolean {
  return request.routeOptions.config.mayOmitBody === true && (cookieMode || readRefreshCookie(request) !== undefined)
}

type Done = (error: Error | null, body?: unknown) => void

/** Parses bodies of every type but JSON: none may have content, and an empty one counts where it may be omitted. */
export function refuseOtherTypes(edge: Pick<EdgeSettings, 'cookieMode'>) {
  return (request: FastifyRequest, payload: NodeJS.ReadableStream, done: Done): void => {
    if (!mayOmitBody(edge, request)) {
      done(unsupportedType())
      return
    }
    let isDone = false
    const finish: Done = (error, body) => {
      if (!isDone) done(error, body)
      isDone = true
    }
    payload.once('data', () => finish(unsupportedType()))
    payload.once('end', () => finish(null, {}))
    payload.once('error', finish)
  }
}

function unsupportedType(): Error {
  return Object.assign(new Error('unsupported media type'), { statusCode: 415 })
}
