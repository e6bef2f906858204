/**
 * Lets a number of jobs run at once. Known jobs and others each begin in the order of their arrival and, while both wait,
 * alternately: however many of one kind wait, the other has every second turn.
 */
export class Turns {
  readonly #maxAtOnce: number
  readonly #known: (() => void)[] = []
  readonly #others: (() => void)[] = []
  #running = 0
  #isTurnOfKnown = true

  constructor(maxAtOnce: number) {
    this.#maxAtOnce = maxAtOnce
  }

  get waiting(): number {
    return this.#known.length + this.#others.length
  }

  async take<Result>(isKnown: boolean, work: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((begin) => {
      if (isKnown) this.#known.push(begin)
      else this.#others.push(begin)
      this.#beginNext()
    })
    try {
      return await work()
    } finally {
      this.#running--
      this.#beginNext()
    }
  }

  #beginNext(): void {
    if (this.#running >= this.#maxAtOnce || this.waiting === 0) return
    const isKnown = this.#others.length === 0 || (this.#isTurnOfKnown && this.#known.length > 0)
    const begin = (isKnown ? this.#known : this.#others).shift()
    this.#isTurnOfKnown = !isKnown
    this.#running++
    begin?.()
  }
}
