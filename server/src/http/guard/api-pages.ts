import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'

/** Allows the pages that describe the API, unless `API_PAGES` is off: then they are the 404 of an unknown path. */
export const apiPages: Guard = {
  async check({ edge }) {
    if (!edge.apiPages) throw notFound()
  },
  hidesPath: true,
  scheme: () => null,
  refusals: () => [],
}
