/** Places that are held for a while, of which each of the sharers they are for may hold a part. */
export class SharedPlaces {
  readonly #max: number
  readonly #maxOfSharer: number
  readonly #reservedBy = new Map<string, number>()
  #reserved = 0

  /** @param options.share how many places a sharer may hold: at least one */
  constructor({ places, share }: { places: number; share: number }) {
    this.#max = places
    this.#maxOfSharer = Math.max(1, Math.floor(share))
  }

  /** Returns a function that releases the place; null when all places, or all places of a sharer, are reserved. */
  reserve(sharers: readonly string[]): (() => void) | null {
    const isOver = (sharer: string) => (this.#reservedBy.get(sharer) ?? 0) >= this.#maxOfSharer
    if (this.#reserved >= this.#max || sharers.some(isOver)) return null
    this.#count(sharers, 1)
    return () => this.#count(sharers, -1)
  }

  #count(sharers: readonly string[], change: 1 | -1): void {
    this.#reserved += change
    for (const sharer of sharers) {
      const count = (this.#reservedBy.get(sharer) ?? 0) + change
      if (count === 0) this.#reservedBy.delete(sharer)
      else this.#reservedBy.set(sharer, count)
    }
  }
}
