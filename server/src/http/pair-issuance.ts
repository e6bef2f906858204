import { createHash, timingSafeEqual } from 'node:crypto'
import { bearerToken } from './bearer.ts'
import type { Guard, HttpContext } from './endpoint.ts'
import { Refusal } from './refusal.ts'

/** Lets those issue pairs who may: a service with its key, or the demonstration's own addresses. */
export const pairIssuance: Guard = async (ctx, request) => {
  const { edge } = ctx
  if (edge.pairIssuance === 'off') throw new Refusal(404, null, 'Not found')
  const allowed =
    edge.pairIssuance === 'demo' ? edge.demoFrom.includes(request.client.ip) : isServiceKey(edge, bearerToken(request))
  if (!allowed) throw new Refusal(401, null, 'Unauthorized')
}

function isServiceKey(edge: HttpContext['edge'], presented: string | null): boolean {
  if (presented === null) return false
  const digest = (key: string) => createHash('sha256').update(key).digest()
  const given = digest(presented)
  // Every key is compared, each in constant time: the answer's time tells nothing about any of them.
  return edge.serviceKeys.map((key) => timingSafeEqual(given, digest(key))).includes(true)
}
