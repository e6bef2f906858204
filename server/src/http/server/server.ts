import { randomUUID } from 'node:crypto'
import cors from '@fastify/cors'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Client } from '../../auth/context/origin.ts'
import { notFound } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { describeApi } from '../openapi/describe-api.ts'
import { readJson } from '../request/json-body.ts'
import { routes } from '../routes.ts'
import { addRoute } from './add-route.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { identifyConnection } from './client-address.ts'
import { methodNotAllowedAt, refuseOtherMethods } from './method-not-allowed.ts'
import { logRequest, requestPath } from './request-log.ts'
import { sendError } from './send-error.ts'
import { capSockets } from './socket-cap.ts'
import { rejectUnsafeRequest } from './unsafe-request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    client: Client
    /** Whether it came over TLS, as far as the client is concerned. */
    isSecure: boolean
  }
}

/** The headers of every answer: it is data for programs. Pages override the policy. */
const DEFAULT_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

const BODY_LIMIT_BYTES = 16 * 1024

/**
 * The HTTP server over the rules: every route of `routes.ts`, one way in, one way for errors out.
 *
 * @param version of the package, for the API's description
 * @param tls PEM of a certificate and its key: HTTPS instead of HTTP
 */
export function createServer(
  ctx: HttpContext,
  version: string,
  tls: { cert: string; key: string } | null,
): FastifyInstance {
  const server = Fastify({
    ...(tls && { https: { ...tls, minVersion: 'TLSv1.2' } }),
    logger: false, // one line per request is written below
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1000 },
    return503OnClosing: false, // what comes in while it drains is served
    genReqId: () => randomUUID(),
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: true,
        verbose: true,
      },
    },
    // Refused before any hook: a path that cannot be routed.
    frameworkErrors: (error, request, reply) => {
      identifyClient(ctx, request, reply)
      reply.raw.once('finish', () => logRequest(ctx.log, request, reply))
      return sendError(ctx, error, request, reply)
    },
    clientErrorHandler: answerBrokenRequest,
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, readJson(server))
  capSockets(server.server, ctx.edge.trustedProxies)
  allowOrigins(server, ctx.edge.corsOrigins)
  server.decorateRequest('client', null as unknown as Client)
  server.decorateRequest('isSecure', false)
  server.decorateRequest('caller', null)
  let openapi: string | null = null
  server.decorate('openapi', () => (openapi ??= JSON.stringify(describeApi(routes, ctx.edge, version))))

  // Both with a callback: a promise for each would cost every request a turn of the microtask queue.
  server.addHook('onRequest', (request, reply, next) => {
    identifyClient(ctx, request, reply)
    next(rejectUnsafeRequest(ctx, request))
  })
  server.addHook('onResponse', (request, reply, next) => {
    logRequest(ctx.log, request, reply)
    next()
  })
  server.setErrorHandler((error: FastifyError, request, reply) => sendError(ctx, error, request, reply))
  server.setNotFoundHandler(async (request) => {
    // Methods that the framework does not know at all end here too.
    throw methodNotAllowedAt(requestPath(request)) ?? notFound()
  })

  for (const route of routes) addRoute(server, ctx, route)
  refuseOtherMethods(server)
  return server
}

/** Notes where a request comes from, and sets the headers of its answer. */
function identifyClient(ctx: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  Object.assign(request, identifyConnection(request.raw, ctx.edge.trustedProxies))
  reply.headers(DEFAULT_HEADERS).header('x-request-id', request.id)
  if (request.isSecure) reply.header('strict-transport-security', 'max-age=31536000')
}

/** Pages of these origins, spelt exactly so, may call from a browser; no header tells others anything. */
function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  server.register(cors, {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key'],
    exposedHeaders: ['retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
  })
}
