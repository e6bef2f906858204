import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'

const NO_KEYS = 'Access tokens are signed with a shared secret here: there is no public key'

/** Allows requests about public keys, where there are any. An empty list of them would be cached. */
export const publishedKeys: Guard = {
  async check({ tokens }) {
    if ((await tokens.publicKeys.published()).length === 0) throw notFound({ hint: NO_KEYS })
  },
  scheme: () => null,
  refusals: () => [notFound({ hint: NO_KEYS })],
}
