import { type CompactVerifyGetKey, createRemoteJWKSet, customFetch, errors } from 'jose'
import { VerifyError } from '../token/verify-error.ts'
import { boundedText } from './bounded-text.ts'

/** The public keys of the issuer, as last read. */
export interface PublicKeys {
  /** Finds the key of a token; an unknown one is looked for at the issuer, at most every thirty seconds. @throws {VerifyError} or JWKSNoMatchingKey */
  find: CompactVerifyGetKey
  /** Reads the keys again in the background if they are old. */
  refreshIfOld(): void
  /** Reads the keys again in the background. */
  refresh(): void
}

export interface PublicKeysOptions {
  url: string
  fetch: typeof fetch
  now: () => number
  /** Called when the keys are others than before. */
  onChange: () => void
  /** Whether an issuer without public keys (404) is right: then its secret verifies. */
  mayBeAbsent: boolean
}

// As Tessera's own headers for the keys have them: max-age=300, stale-if-error=86400.
const MAX_AGE_MILLISECONDS = 300_000
const MAX_STALE_MILLISECONDS = 86_400_000

const COOL_DOWN_MILLISECONDS = 30_000
const RETRY_INTERVAL_MILLISECONDS = 1000
const TIMEOUT_MILLISECONDS = 5000
const MAX_BYTES = 262_144

/**
 * Keeps the last keys while the issuer does not answer, for a day. The times are counted by the verifier's clock, so that a
 * test that moves it moves them too; `jose` fetches, shares a fetch, and finds the key.
 */
export function createPublicKeys({ url, fetch, now, onChange, mayBeAbsent }: PublicKeysOptions): PublicKeys {
  let readAt: number | null = null
  let failedAt: number | null = null
  let lastText: string | null = null

  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT_MILLISECONDS,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    async [customFetch](address, init) {
      const response = await fetch(address, init)
      const isAbsent = mayBeAbsent && response.status === 404
      if (response.status !== 200 && !isAbsent) throw new Error(`The issuer answered ${response.status} for its keys`)
      const text = isAbsent ? '{"keys":[]}' : await boundedText(response, MAX_BYTES)
      const keys = publicOnly(JSON.parse(text))
      if (keys.length === 0 && !mayBeAbsent) throw new Error('The issuer has no public keys')
      if (text !== lastText && lastText !== null) onChange()
      lastText = text
      return new Response(JSON.stringify({ keys }))
    },
  })

  const hasPassed = (milliseconds: number, since: number | null) => {
    const passed = since === null ? milliseconds : now() - since
    return passed < 0 || passed >= milliseconds
  }

  async function read(): Promise<void> {
    if (!hasPassed(RETRY_INTERVAL_MILLISECONDS, failedAt)) throw unavailable()
    try {
      await remote.reload()
      readAt = now()
      failedAt = null
    } catch (error) {
      failedAt = now()
      throw unavailable(error)
    }
  }

  const keys: PublicKeys = {
    async find(header, token) {
      if (readAt === null || hasPassed(MAX_STALE_MILLISECONDS, readAt)) await read()
      else keys.refreshIfOld()
      try {
        return await remote(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || !hasPassed(COOL_DOWN_MILLISECONDS, readAt)) throw error
        await read()
        return remote(header, token)
      }
    },
    refreshIfOld() {
      if (hasPassed(MAX_AGE_MILLISECONDS, readAt) && !remote.reloading) keys.refresh()
    },
    refresh() {
      read().catch(() => {})
    },
  }
  return keys
}

/** Takes no secret from a URL: who can write there could sign. */
function publicOnly(set: unknown): object[] {
  const { keys } = (set ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('The answer of the issuer is no set of keys')
  return keys.filter((key) => typeof key === 'object' && key !== null && key.kty !== 'oct')
}

function unavailable(cause?: unknown): VerifyError {
  return new VerifyError('unavailable', 'The keys of the issuer cannot be read', { cause })
}
