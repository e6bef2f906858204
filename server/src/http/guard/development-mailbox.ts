import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { isDemoClient } from './demo-client.ts'

/** Allows addresses in `DEMO_FROM`; every other address gets a 404. */
export const developmentMailbox: Guard = {
  async check(ctx, request) {
    if (!ctx.edge.showsMailbox || !isDemoClient(ctx, request, 'the mailbox is')) throw notFound()
  },
  hidesPath: true,
  scheme: () => null,
  refusals: () => [],
}
