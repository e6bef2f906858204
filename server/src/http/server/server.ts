import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Client } from '../../auth/context/origin.ts'
import { RateLimited } from '../../auth/limit/rate-limited.ts'
import { createRefusalAudit } from '../../auth/notice/record-refusal.ts'
import { notFound } from '../contract/refusal.ts'
import { compileAtFirstUse } from '../endpoint/compile-schemas.ts'
import type { TokenPlace } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { describeApi } from '../openapi/describe-api.ts'
import { countOutcome } from '../operation/count-outcomes.ts'
import { repairedFragment } from '../pages/link-page.ts'
import { readJson } from '../request/json-body.ts'
import { readOtherBodies } from '../request/other-bodies.ts'
import { routes } from '../routes.ts'
import { addRoute } from './add-route.ts'
import { answerBrokenRequests, answerExpectations } from './broken-request.ts'
import { type Connection, identifyConnection, requestIdOf } from './client-address.ts'
import { allowOrigins } from './cors.ts'
import { setDefaultHeaders } from './default-headers.ts'
import { hidingGuardAt, methodNotAllowedAt, refuseOtherMethods } from './method-not-allowed.ts'
import { createProxyHint } from './proxy-hint.ts'
import { logRequest, measureRequest, requestPath } from './request-log.ts'
import { notableRefusal, sendError } from './send-error.ts'
import { capSockets } from './socket-cap.ts'
import { logFailedHandshakes, TLS_OPTIONS } from './tls-options.ts'
import { rejectUnsafeRequest } from './unsafe-request.ts'

declare module 'fastify' {
  interface FastifyRequest extends Connection {}
}

const BODY_LIMIT_BYTES = 16 * 1024

/**
 * Creates the HTTP server with every route of `routes.ts`. All requests pass the same checks, and {@link sendError} sends
 * all errors.
 *
 * @param version the version of the package, for the OpenAPI description
 * @param tls a certificate and its key as PEM, to serve HTTPS instead of HTTP
 */
export function createServer(
  ctx: HttpContext,
  version: string,
  tls: { cert: string; key: string } | null,
): FastifyInstance {
  const server = Fastify({
    ...(tls && { https: { ...tls, ...TLS_OPTIONS } }),
    logger: false, // one line per request is written below
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { ignoreTrailingSlash: true },
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: ctx.edge.keepAliveSeconds * 1000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1000 },
    return503OnClosing: false, // requests that arrive while it drains are served
    genReqId: (request) => requestIdOf(request, ctx.edge.trustedProxies) ?? randomUUID(),
    schemaController: { compilersFactory: compileAtFirstUse },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: true,
        verbose: true,
        keywords: ['example'], // for the OpenAPI description
      },
    },
    // Fastify rejects paths that it cannot route before any hook runs.
    frameworkErrors: (error, request, reply) => {
      identifyClient(ctx, request, reply)
      reply.raw.once('finish', () => logRequest(ctx, request, reply))
      return sendError(ctx, error, request, reply)
    },
    clientErrorHandler: answerBrokenRequests(ctx),
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, readJson(server, ctx.edge))
  readOtherBodies(server, ctx.edge)
  server.server.on('checkExpectation', answerExpectations(ctx))
  server.server.on('tlsClientError', logFailedHandshakes(ctx.log))
  capSockets(server.server, ctx.edge.trustedProxies, ctx.log)
  server.decorateRequest('client', null as unknown as Client)
  server.decorateRequest('isSecure', false)
  server.decorateRequest('forwardedHost', null)
  server.decorateRequest('isFromTrustedProxy', false)
  server.decorateRequest('caller', null)
  server.decorateRequest('service', null)
  server.decorateRequest('refusal', null)
  server.decorateRequest('noted', null)
  server.decorate('release', version)
  const descriptions: Partial<Record<TokenPlace, object>> = {}
  server.decorate('openapi', (place) => (descriptions[place] ??= describeApi(routes, ctx.edge, version, place)))

  const hintAtProxy = createProxyHint(ctx.log)
  // Both hooks take a callback: promises would cost every request extra turns of the microtask queue.
  server.addHook('onRequest', (request, reply, next) => {
    identifyClient(ctx, request, reply)
    hintAtProxy(request)
    next(rejectUnsafeRequest(ctx, request))
  })
  allowOrigins(server, ctx.edge)
  server.addHook('onResponse', (request, reply, next) => {
    logRequest(ctx, request, reply)
    measureRequest(ctx.metrics, request, reply)
    countOutcome(ctx.metrics, request, reply)
    next()
  })
  const auditRefusal = createRefusalAudit(ctx)
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = notableRefusal(error)
    if (refusal) auditRefusal(refusal, request.client)
    if (error instanceof RateLimited) ctx.metrics.count('tessera_rate_limited_total', { door: error.limit })
    return sendError(ctx, error, request, reply)
  })
  server.setNotFoundHandler(async (request, reply) => {
    const repaired = repairedFragment(request.url)
    if (repaired !== null) return reply.redirect(repaired)
    // Methods that Fastify does not know at all also end up here.
    const path = requestPath(request)
    await hidingGuardAt(path)?.check(ctx, request)
    throw methodNotAllowedAt(path) ?? notFound(path.includes('//') ? { hint: 'The path has two slashes in a row' } : {})
  })

  for (const route of routes) addRoute(server, ctx, route)
  refuseOtherMethods(server, ctx)
  return server
}

/** Records where a request comes from, and sets the default headers of its response. */
function identifyClient({ edge }: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  Object.assign(request, identifyConnection(request.raw, edge.trustedProxies))
  setDefaultHeaders(edge, request, reply)
}
