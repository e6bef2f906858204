import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { isDemoClient, logDemoRefusal } from './demo-client.ts'

/** Allows addresses in `DEMO_FROM`; every other address gets a 404. */
export const developmentMailbox: Guard = {
  async check(ctx, request) {
    const { edge } = ctx
    if (edge.showsMailbox) logDemoRefusal(ctx, request, 'the mailbox is')
    if (!edge.showsMailbox || !isDemoClient(edge, request)) throw notFound()
  },
  hidesPath: true,
  scheme: () => null,
  refusals: () => [],
}
