import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { isDemoClient } from './demo-client.ts'

/** Allows addresses in `DEMO_FROM`; every other address gets a 404. */
export const developmentMailbox: Guard = {
  async check({ edge }, request) {
    if (!edge.showsMailbox || !isDemoClient(edge, request)) throw notFound()
  },
  scheme: () => null,
  refusals: () => [],
}
