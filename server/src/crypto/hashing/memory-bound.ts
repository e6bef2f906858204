/** Lets work begin, in the order of its arrival, while all of it together stays within a bound of memory. */
export class MemoryBound {
  readonly #max: number
  readonly #waiting: { kibibytes: number; begin: () => void }[] = []
  #used = 0

  constructor(maxKibibytes: number) {
    this.#max = maxKibibytes
  }

  async use<Result>(kibibytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length > 0 || !this.#fits(kibibytes)) {
      await new Promise<void>((begin) => this.#waiting.push({ kibibytes, begin }))
    } else {
      this.#used += kibibytes
    }
    try {
      return await work()
    } finally {
      this.#used -= kibibytes
      this.#beginWaiting()
    }
  }

  #beginWaiting(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.kibibytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#used += next.kibibytes
      next.begin()
    }
  }

  /** Work that is larger than the bound runs alone. */
  #fits(kibibytes: number): boolean {
    return this.#used === 0 || this.#used + kibibytes <= this.#max
  }
}
