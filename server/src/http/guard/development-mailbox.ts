import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'

/** Allows addresses in `DEMO_FROM`; every other address gets a 404. */
export const developmentMailbox: Guard = {
  async check({ edge }, request) {
    if (!edge.showsMailbox || !edge.demoFrom.includes(request.client.ip)) throw notFound()
  },
  scheme: () => null,
  refusals: () => [],
}
