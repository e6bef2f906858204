import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import { isService } from './service-key.ts'

/** Allows services with a key of the scope `metrics`. For all others the path does not exist. */
export const metricsReader: Guard = {
  async check(ctx, request) {
    if (!isService(ctx, request, 'metrics')) throw notFound()
  },
  hidesPath: true,
  scheme: () => null,
  refusals: () => [],
}
