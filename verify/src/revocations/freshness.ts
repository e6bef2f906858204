import { elapsedSince, type Mark, mark } from '../remote/clock.ts'

interface Sample {
  iat: number
  at: Mark
}

/**
 * The age of the list, by its own signed times and the time that passed here: the clocks need not agree, and an old answer
 * out of a cache counts as old whenever it arrives. Times that went back, as after a failover, are believed when
 * the earlier ones have become old.
 */
export class Freshness {
  readonly #memoryMilliseconds: number
  #samples: Sample[] = []

  constructor(staleAfterSeconds: number) {
    this.#memoryMilliseconds = staleAfterSeconds * 2000
  }

  add(iat: number): void {
    if (this.#samples.at(-1)?.iat === iat) return
    const recent = this.#samples.filter(({ at }) => elapsedSince(at) <= this.#memoryMilliseconds)
    this.#samples = [...recent, { iat, at: mark() }]
  }

  /** Null before the first answer. */
  ageSeconds(): number | null {
    if (this.#samples.length === 0) return null
    let [latest, issuerNow] = [0, 0]
    for (const { iat, at } of this.#samples) {
      latest = Math.max(latest, iat)
      issuerNow = Math.max(issuerNow, iat + elapsedSince(at) / 1000)
    }
    return issuerNow - latest
  }
}
