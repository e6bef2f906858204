import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AuthError } from '../../auth/context/auth-error.ts'
import { requestBudgets } from '../../auth/limit/budgets.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import { inMaintenance } from '../contract/refusal.ts'
import type { EndpointRequest } from '../endpoint/endpoint.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { noteOn } from '../operation/count-outcomes.ts'
import { mayOmitBody } from '../request/other-bodies.ts'
import { rejectIfOverloaded, withHashReservation, withinBudgets } from './admission.ts'
import { withRequestId } from './request-log.ts'

/**
 * Registers a route. Its guard runs before the body is read, its limit after that, when it is known who calls. Maintenance is
 * looked at twice, as it may begin while a body is on its way.
 */
export function addRoute(server: FastifyInstance, ctx: HttpContext, route: Route): void {
  const { method, path, endpoint, guard, work, contract } = route
  server.route({
    method,
    url: path,
    config: {
      contract,
      mayOmitBody: endpoint.mayOmitBody === true,
      bodyType: endpoint.bodyType,
      ignoredParameters: endpoint.ignoredParameters,
      takesAnyKey: endpoint.takesAnyKey === true,
    },
    schema: { ...(endpoint.body && { body: endpoint.body }), response: endpoint.responses },
    onRequest: async (request: FastifyRequest) => {
      refuseInMaintenance(ctx, route)
      if (work === 'password') await rejectIfOverloaded(ctx, request)
      if (guard) await checkGuard(ctx, guard, request)
    },
    ...(endpoint.mayOmitBody && {
      preValidation: async (request: FastifyRequest) => {
        if (request.body === undefined && mayOmitBody(ctx.edge, request)) request.body = {}
      },
    }),
    handler: unlessInMaintenance(ctx, route, buildHandler(ctx, route)),
  })
}

function refuseInMaintenance({ maintenance }: HttpContext, { openDuring }: Route): void {
  const current = maintenance()
  if (current === null || openDuring === 'every state') return
  const hasRows = current.state === 'on' || current.state === 'moving'
  if (openDuring !== 'maintenance' || !hasRows) throw inMaintenance()
}

/** Credentials that are refused are counted by network, apart from those that are accepted: they block no neighbour. */
async function checkGuard(ctx: HttpContext, guard: Guard, request: FastifyRequest): Promise<void> {
  try {
    await guard.check(ctx, request)
  } catch (error) {
    if (error instanceof AuthError) {
      const network = clientNetwork(request.client.ip)
      await ctx.processLimiter.take(requestBudgets('refused-credential', network, ctx.edge.limits.refusals))
    }
    throw error
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

function unlessInMaintenance(ctx: HttpContext, route: Route, handle: Handler): Handler {
  return (request, reply) => {
    refuseInMaintenance(ctx, route)
    return handle(request, reply)
  }
}

function buildHandler(ctx: HttpContext, { endpoint, limit, work }: Route): Handler {
  const handle: Handler = (request, reply) =>
    endpoint.handle(
      { ...ctx, log: withRequestId(ctx.log, request.id), note: noteOn(request) },
      request as EndpointRequest,
      reply,
    )
  const limiter = limit?.countedBy === 'shared' ? ctx.limiter : ctx.processLimiter
  const limited: Handler = limit
    ? (request, reply) =>
        withinBudgets(limiter, limit.budgets(request as EndpointRequest, ctx), () => handle(request, reply))
    : handle
  return work === 'password'
    ? (request, reply) => withHashReservation(ctx, request, () => limited(request, reply))
    : limited
}
