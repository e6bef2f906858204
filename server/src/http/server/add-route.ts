import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EndpointRequest } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { rejectIfOverloaded, withHashReservation, withinLimit } from './admission.ts'
import { withRequestId } from './request-log.ts'

/** Registers a route. Its guard and process limit run before the body is read, its shared limit after that. */
export function addRoute(server: FastifyInstance, ctx: HttpContext, route: Route): void {
  const { method, path, endpoint, guard, limit, work, contract } = route
  server.route({
    method,
    url: path,
    config: { contract },
    schema: { ...(endpoint.body && { body: endpoint.body }), response: endpoint.responses },
    onRequest: async (request: FastifyRequest) => {
      if (work === 'password') await rejectIfOverloaded(ctx)
      if (limit?.countedBy === 'process') await ctx.processLimiter.take(limit.budgets(request as EndpointRequest, ctx))
      await guard?.check(ctx, request)
    },
    handler: buildHandler(ctx, route),
  })
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

function buildHandler(ctx: HttpContext, { endpoint, limit, work }: Route): Handler {
  const handle: Handler = (request, reply) =>
    endpoint.handle({ ...ctx, log: withRequestId(ctx.log, request.id) }, request as EndpointRequest, reply)
  const limited: Handler =
    limit?.countedBy === 'shared'
      ? (request, reply) => withinLimit(ctx, limit, request as EndpointRequest, () => handle(request, reply))
      : handle
  return work === 'password' ? (request, reply) => withHashReservation(ctx, () => limited(request, reply)) : limited
}
