import type { FastifyRequest } from 'fastify'
import { AuthError } from '../../auth/context/auth-error.ts'
import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { bearerToken } from './bearer.ts'
import { isDemoClient } from './demo-client.ts'

const unauthorized = () => new AuthError('invalid_credentials')

/** Allows services with a key to issue pairs or, in demo mode, addresses in `DEMO_FROM`. */
export const pairIssuance: Guard = {
  async check({ edge }, request) {
    if (edge.pairIssuance === 'off') throw notFound()
    const isDemo = edge.pairIssuance === 'demo'
    const allowed = isDemo ? isDemoClient(edge, request) : isServiceKey(edge, request)
    if (!allowed) throw unauthorized()
  },
  scheme: ({ pairIssuance }) => (pairIssuance === 'service' ? 'serviceKey' : null),
  refusals: ({ pairIssuance }) => [pairIssuance === 'off' ? notFound() : unauthorized()],
}

function isServiceKey({ serviceKeys }: EdgeSettings, request: FastifyRequest): boolean {
  const token = bearerToken(request)
  return token !== null && serviceKeys.includes(token)
}
