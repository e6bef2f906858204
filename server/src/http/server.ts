import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Client } from '../auth/context.ts'
import { LaneFull } from '../crypto/hash-lane.ts'
import { admit, turnAwayIfBusy } from './admission.ts'
import { answerTo, contractOf, internalError } from './answers.ts'
import { connectionOf } from './client-address.ts'
import type { EndpointRequest, HttpContext } from './endpoint.ts'
import { toInvalidBody } from './invalid-body.ts'
import { readJson } from './json-body.ts'
import { describeApi } from './openapi.ts'
import { httpsRequired, Refusal, tooManyHeaders, twoHosts } from './refusal.ts'
import { type Route, routes } from './routes.ts'
import { capSockets } from './socket-cap.ts'

declare module 'fastify' {
  interface FastifyRequest {
    client: Client
    /** Whether it came over TLS, as far as the client is concerned. */
    isSecure: boolean
  }
}

/** Of every answer that says nothing else: it is data for programs, and no page. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

const MOST_HEADERS = 100
const BODY_LIMIT_BYTES = 16 * 1024

/**
 * The HTTP server over the rules: every route of `routes.ts`, one way in, one way for errors out.
 *
 * @param tls PEM of a certificate and its key: HTTPS instead of HTTP
 */
export function createServer(ctx: HttpContext, tls: { cert: string; key: string } | null): FastifyInstance {
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
      greet(ctx, request, reply)
      reply.raw.once('finish', () => logAnswer(ctx, request, reply))
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
  server.decorate('openapi', () => (openapi ??= JSON.stringify(describeApi(routes, ctx.edge, readVersion()))))

  // Both with a callback: a promise for each would cost every request a turn of the microtask queue.
  server.addHook('onRequest', (request, reply, next) => {
    greet(ctx, request, reply)
    next(unheard(ctx, request))
  })
  server.addHook('onResponse', (request, reply, next) => {
    logAnswer(ctx, request, reply)
    next()
  })
  server.setErrorHandler((error: FastifyError, request, reply) => sendError(ctx, error, request, reply))
  const patterns = [...new Set(routes.map(({ path }) => path))].map((path) => [path, patternOf(path)] as const)
  server.setNotFoundHandler(async (request) => {
    // Methods that the framework does not know at all end here too.
    const known = patterns.find(([, pattern]) => pattern.test(pathOf(request)))
    if (known) throw methodNotAllowed(known[0])
    throw new Refusal(404, null, 'Not found')
  })

  for (const route of routes) addRoute(server, ctx, route)
  for (const [path] of patterns) refuseOtherMethods(server, path)
  return server
}

/** Who is asking, and what every answer says. */
function greet(ctx: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  Object.assign(request, connectionOf(request.raw, ctx.edge.trustedProxies))
  reply.headers(HEADERS).header('x-request-id', request.id)
  if (request.isSecure) reply.header('strict-transport-security', 'max-age=31536000')
}

/** What refuses, whatever it asks, a request that could be read in two ways, or by others. */
function unheard({ edge }: HttpContext, request: FastifyRequest): Refusal | undefined {
  const { rawHeaders } = request.raw
  // Node.js would drop headers beyond a count in silence, a proxy's among them, and every Host but the first.
  if (rawHeaders.length > 2 * MOST_HEADERS) return tooManyHeaders()
  if (countHosts(rawHeaders) > 1) return twoHosts()
  return edge.requireHttps && !request.isSecure && !isProbe(request) ? httpsRequired() : undefined
}

/** Names and values in turn, as they came. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count++
  }
  return count
}

function logAnswer(ctx: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  const { id: requestId, method, client } = request
  const ms = Math.round(reply.elapsedTime * 10) / 10
  ctx.log.info({ requestId, method, path: pathOf(request), status: reply.statusCode, ms, ip: client.ip }, 'request')
}

function addRoute(server: FastifyInstance, ctx: HttpContext, { method, path, endpoint, guard, limit }: Route): void {
  server.route({
    method,
    url: path,
    schema: { ...(endpoint.body && { body: endpoint.body }), response: endpoint.responses },
    onRequest: async (request: FastifyRequest) => {
      if (limit?.countedBy === 'shared') await turnAwayIfBusy(ctx)
      if (limit?.countedBy === 'process')
        await ctx.ownLimiter.take(limit.budgets(request as EndpointRequest<never>, ctx))
      await guard?.check(ctx, request)
    },
    handler: async (request, reply) => {
      const own = { ...ctx, log: withRequestId(ctx.log, request.id) }
      const typed = request as EndpointRequest<never>
      if (limit?.countedBy !== 'shared') return endpoint.handle(own, typed, reply)
      return admit(ctx, limit, limit.budgets(typed, ctx), () => endpoint.handle(own, typed, reply))
    },
  })
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

/** A path that exists answers other methods with those it has (RFC 9110, 15.5.6). */
function refuseOtherMethods(server: FastifyInstance, path: string): void {
  const refuse = async () => {
    throw methodNotAllowed(path)
  }
  const method = server.supportedMethods.filter((supported) => !methodsOf(path).includes(supported))
  server.route({ method, url: path, onRequest: refuse, handler: refuse })
}

function methodNotAllowed(path: string): Refusal {
  return new Refusal(405, 'method_not_allowed', 'Method not allowed', { allow: methodsOf(path).join(', ') })
}

function methodsOf(path: string): string[] {
  const own = routes.filter((route) => route.path === path).map((route) => route.method as string)
  return own.includes('GET') ? [...own, 'HEAD'] : own
}

function sendError(ctx: HttpContext, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const contract = contractOf(request.routeOptions.url ?? pathOf(request))
  const answer = answerTo(error.validation ? toInvalidBody(error.validation) : error, contract)
  if (!answer) ctx.log.error({ requestId: request.id, err: error }, 'a request failed')
  // The line of the request tells of a full lane, too: two lines for each would help a flood.
  if (answer?.status === 503 && !(error instanceof LaneFull))
    ctx.log.warn({ requestId: request.id, reason: error.message }, 'a request was turned away')
  const { status, headers, body } = answer ?? internalError(contract)
  return reply
    .code(status)
    .headers(headers)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(body)
}

/** What Node's parser refuses never becomes a request; it still gets an answer in our shape. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, reason] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'Request Header Fields Too Large']
        : [400, 'Bad Request']
  const body = JSON.stringify({ error: { message: reason, details: {} } })
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n`
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** Load balancers and orchestrators ask from inside. */
function isProbe(request: FastifyRequest): boolean {
  return ['/health', '/ready'].includes(pathOf(request))
}

/** What fits a path of the routes, such as `/api/v1/users/:id`. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`)
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

/** A query may hold a secret; it is no part of what is logged or compared. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}

function withRequestId(log: HttpContext['log'], requestId: string): HttpContext['log'] {
  return {
    info: (fields, message) => log.info({ requestId, ...fields }, message),
    warn: (fields, message) => log.warn({ requestId, ...fields }, message),
    error: (fields, message) => log.error({ requestId, ...fields }, message),
  }
}
