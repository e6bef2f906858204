interface Waiting {
  begin: () => void
  refuse: (error: Error) => void
}

/**
 * Lets a number of jobs run at once. Known jobs and others each begin in the order of their arrival and, while both wait,
 * alternately: however many of one kind wait, the other has every second turn.
 */
export class Turns {
  readonly #maxAtOnce: number
  readonly #known: Waiting[] = []
  readonly #others: Waiting[] = []
  #refusal: Error | null = null
  #running = 0
  #isTurnOfKnown = true

  constructor(maxAtOnce: number) {
    this.#maxAtOnce = maxAtOnce
  }

  get waiting(): number {
    return this.#known.length + this.#others.length
  }

  async take<Result>(isKnown: boolean, work: () => Promise<Result>): Promise<Result> {
    if (this.#refusal) throw this.#refusal
    await new Promise<void>((begin, refuse) => {
      if (isKnown) this.#known.push({ begin, refuse })
      else this.#others.push({ begin, refuse })
      this.#beginNext()
    })
    try {
      return await work()
    } finally {
      this.#running--
      this.#beginNext()
    }
  }

  /** Refuses all jobs that wait, and all later ones. Those that have begun are finished. */
  refuseWaiting(error: Error): void {
    this.#refusal = error
    for (const { refuse } of [...this.#known.splice(0), ...this.#others.splice(0)]) refuse(error)
  }

  #beginNext(): void {
    if (this.#running >= this.#maxAtOnce || this.waiting === 0) return
    const isKnown = this.#others.length === 0 || (this.#isTurnOfKnown && this.#known.length > 0)
    const next = (isKnown ? this.#known : this.#others).shift()
    this.#isTurnOfKnown = !isKnown
    this.#running++
    next?.begin()
  }
}
