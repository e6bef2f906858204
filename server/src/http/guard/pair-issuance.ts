import { AuthError } from '../../auth/context/auth-error.ts'
import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { isDemoClient } from './demo-client.ts'
import { serviceKey } from './service-key.ts'

const service = serviceKey('pairs')
const unauthorized = () => new AuthError('invalid_service_key')

/** Allows services with a key of the scope `pairs` to issue pairs or, in demo mode, addresses in `DEMO_FROM`. */
export const pairIssuance: Guard = {
  async check(ctx, request) {
    const { pairIssuance: mode } = ctx.edge
    if (mode === 'off') throw notFound()
    if (mode === 'service') await service.check(ctx, request)
    else if (!isDemoClient(ctx, request, 'pairs without a service key are')) throw unauthorized()
  },
  scheme: (edge) => (edge.pairIssuance === 'service' ? service.scheme(edge) : null),
  refusals(edge) {
    if (edge.pairIssuance === 'off') return [notFound()]
    return edge.pairIssuance === 'service' ? service.refusals(edge) : [unauthorized()]
  },
}
