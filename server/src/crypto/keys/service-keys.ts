import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServiceScope as Scope, ServiceKey } from '../../config/settings/service-keys.ts'

export type ServiceScope = Scope

/** A service that presented its key. */
export interface Service {
  /** For the audit; null for a key without a name. */
  name: string | null
  scopes: readonly ServiceScope[]
  /** Identifies the key, for limits; reveals nothing about it. */
  keyId: string
}

/** The keys of services. */
export interface ServiceKeys {
  /** Returns the service of a key, null for an unknown one. */
  find(key: string): Service | null
}

/** Builds the set of keys, of which it holds only digests. */
export function createServiceKeys(keys: readonly ServiceKey[]): ServiceKeys {
  const digest = (key: string) => createHash('sha256').update(key).digest()
  const known = keys.map(({ key, name, scopes }, index) => ({
    digest: digest(key),
    service: { name, scopes, keyId: String(index) },
  }))
  return {
    find(key) {
      const given = digest(key)
      // Every key is compared, each in constant time, so the response time reveals nothing about any of them.
      const equal = known.map((each) => timingSafeEqual(given, each.digest))
      return known[equal.indexOf(true)]?.service ?? null
    },
  }
}
