import { createHash, timingSafeEqual } from 'node:crypto'

/** The keys of services that may request pairs. */
export interface ServiceKeys {
  includes(key: string): boolean
}

/** Builds the set of keys, of which it holds only digests. */
export function createServiceKeys(keys: readonly string[]): ServiceKeys {
  const digest = (key: string) => createHash('sha256').update(key).digest()
  const digests = keys.map(digest)
  return {
    includes(key) {
      const given = digest(key)
      // Every key is compared, each in constant time, so the response time reveals nothing about any of them.
      return digests.map((known) => timingSafeEqual(given, known)).includes(true)
    },
  }
}
