import type { Claims } from './claims.ts'

/** A token whose signature and claims were found good. This stays true as long as its key is trusted. */
export interface VerifiedToken {
  readonly claims: Claims
  readonly kid: string | undefined
  /** As the list of endings names the session and the user; null where no such list is followed. */
  readonly session: string | null
  readonly subject: string | null
  wasUsed: boolean
}

const MAX_TOKENS = 10_000

/**
 * Remembers by its whole text that a token was verified, never that it is still good. Replaces tokens that were not used
 * since the last round (the clock algorithm), so that a flood of new tokens does not push out those in use.
 */
export class VerifiedTokens {
  readonly #tokens = new Map<string, VerifiedToken>()
  #era = 0

  /** Changes when all is forgotten. */
  get era(): number {
    return this.#era
  }

  get(token: string): VerifiedToken | undefined {
    const known = this.#tokens.get(token)
    if (known) known.wasUsed = true
    return known
  }

  /** Adds a token, unless everything was forgotten since its verification began. */
  add(token: string, verified: VerifiedToken, era: number): void {
    if (era !== this.#era) return
    while (this.#tokens.size >= MAX_TOKENS) this.#replaceOne()
    this.#tokens.set(token, verified)
  }

  forgetAll(): void {
    this.#era += 1
    this.#tokens.clear()
  }

  #replaceOne(): void {
    for (const [token, entry] of this.#tokens) {
      this.#tokens.delete(token)
      if (!entry.wasUsed) return
      entry.wasUsed = false
      this.#tokens.set(token, entry)
    }
  }
}
