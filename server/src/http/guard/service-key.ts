import { createHash, timingSafeEqual } from 'node:crypto'
import { AuthError } from '../../auth/context/auth-error.ts'
import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { bearerToken } from './bearer.ts'

const unauthorized = () => new AuthError('invalid_credentials')

/** Lets those issue pairs who may: a service with its key, or the demonstration's own addresses. */
export const pairIssuance: Guard = {
  async check({ edge }, request) {
    if (edge.pairIssuance === 'off') throw notFound()
    const isDemo = edge.pairIssuance === 'demo'
    const allowed = isDemo ? edge.demoFrom.includes(request.client.ip) : isServiceKey(edge, bearerToken(request))
    if (!allowed) throw unauthorized()
  },
  scheme: ({ pairIssuance }) => (pairIssuance === 'service' ? 'serviceKey' : null),
  refusals: ({ pairIssuance }) => [pairIssuance === 'off' ? notFound() : unauthorized()],
}

function isServiceKey(edge: EdgeSettings, presented: string | null): boolean {
  if (presented === null) return false
  const digest = (key: string) => createHash('sha256').update(key).digest()
  const given = digest(presented)
  // Every key is compared, each in constant time: the answer's time tells nothing about any of them.
  return edge.serviceKeys.map((key) => timingSafeEqual(given, digest(key))).includes(true)
}
