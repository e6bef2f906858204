import type { SigningKey } from '../../crypto/keys/signing-key.ts'

type Claims = ReturnType<SigningKey['verify']>

interface Verified {
  kid: string
  claims: Claims
}

/**
 * Remembers that a signature was verified, so that a token which is used twenty times is verified once: with a key pair
 * that costs as much as the rest of a request. It says nothing else. Whether the key still counts is asked before, and the
 * times of the token and its session are judged after, at each use.
 */
export class VerifiedTokens {
  readonly #maxOfEach: number
  // A token that is used moves from the old ones to the young; when there are too many young ones, the old are forgotten.
  #young = new Map<string, Verified>()
  #old = new Map<string, Verified>()

  /** @param maxTokens how many tokens are remembered, of all keys together: a token takes about a kilobyte */
  constructor(maxTokens: number) {
    this.#maxOfEach = Math.ceil(maxTokens / 2)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Returns a key that verifies each token once. Only the whole token is recognised, and only by the same key. */
  remember<Key extends SigningKey>(key: Key): Key {
    const { kid } = key
    return {
      ...key,
      verify: (token) => {
        const young = this.#young.get(token)
        if (young?.kid === kid) return young.claims
        const old = this.#old.get(token)
        if (old?.kid === kid) {
          this.#add(token, old)
          return old.claims
        }
        const claims = Object.freeze(key.verify(token))
        this.#add(token, { kid, claims })
        return claims
      },
    }
  }

  #add(token: string, verified: Verified): void {
    if (this.#young.size >= this.#maxOfEach) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#old.delete(token)
    this.#young.set(token, verified)
  }
}
