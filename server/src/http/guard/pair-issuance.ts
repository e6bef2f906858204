import type { FastifyRequest } from 'fastify'
import { AuthError } from '../../auth/context/auth-error.ts'
import { notFound, ServiceKeyRefused } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { bearerToken } from './bearer.ts'
import { isDemoClient } from './demo-client.ts'

const unauthorized = () => new AuthError('invalid_credentials')

/** Allows services with a key to issue pairs or, in demo mode, addresses in `DEMO_FROM`. */
export const pairIssuance: Guard = {
  async check(ctx, request) {
    const { edge } = ctx
    if (edge.pairIssuance === 'off') throw notFound()
    if (edge.pairIssuance === 'demo') {
      if (!isDemoClient(ctx, request, 'pairs without a service key are')) throw unauthorized()
    } else requireServiceKey(edge, request)
  },
  scheme: ({ pairIssuance }) => (pairIssuance === 'service' ? 'serviceKey' : null),
  refusals: ({ pairIssuance }) => [pairIssuance === 'off' ? notFound() : unauthorized()],
}

function requireServiceKey({ serviceKeys }: EdgeSettings, request: FastifyRequest): void {
  const token = bearerToken(request)
  if (token === null) throw unauthorized()
  if (!serviceKeys.includes(token)) throw new ServiceKeyRefused()
}
