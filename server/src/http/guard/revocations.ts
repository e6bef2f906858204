import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { serviceKey } from './service-key.ts'

const service = serviceKey('revocations')
const OFF = { hint: 'REVOCATIONS is off' }

/** Allows every client to read the list of endings, or those with a service key, or none: `REVOCATIONS`. */
export const revocationReaders: Guard = {
  async check(ctx, request) {
    if (ctx.edge.revocations === 'off') throw notFound(OFF)
    if (ctx.edge.revocations === 'service') await service.check(ctx, request)
  },
  scheme: (edge) => (edge.revocations === 'service' ? service.scheme(edge) : null),
  refusals(edge) {
    if (edge.revocations === 'off') return [notFound(OFF)]
    return edge.revocations === 'service' ? service.refusals(edge) : []
  },
}
