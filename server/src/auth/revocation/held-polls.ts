/** Requests that wait for a change. */
export class HeldPolls {
  readonly #max: number
  readonly #held = new Set<() => void>()

  /** @param max how many may wait; more do not */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#held.size
  }

  /** Resolves at the next {@link release}, after a time, or when the signal is aborted; at once if too many wait already. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#held.size >= this.#max || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const leave = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', leave)
        this.#held.delete(leave)
        resolve()
      }
      const timer = setTimeout(leave, milliseconds).unref()
      signal.addEventListener('abort', leave)
      this.#held.add(leave)
    })
  }

  release(): void {
    for (const leave of [...this.#held]) leave()
  }
}
