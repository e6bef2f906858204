/**
 * The clock of a test server: that of the machine, moved. It runs on by itself, and needs no timer for that. A database that
 * has met a later time must not meet an earlier one, so it goes back only while nothing was done since the last reset.
 */
export class TestClock {
  #shiftMilliseconds = 0
  #mayGoBack = true

  /** Milliseconds since 1970. An arrow function, because it is handed to the app. */
  readonly milliseconds = (): number => Date.now() + this.#shiftMilliseconds

  now(): Date {
    return new Date(this.milliseconds())
  }

  advance(milliseconds: number): void {
    this.#shiftMilliseconds += milliseconds
  }

  /** @returns false for an earlier time, once something was done */
  set(time: Date): boolean {
    const milliseconds = time.getTime() - this.milliseconds()
    if (milliseconds < 0 && !this.#mayGoBack) return false
    this.advance(milliseconds)
    return true
  }

  /** Tells that the server has done something at its present time. */
  noteUse(): void {
    this.#mayGoBack = false
  }

  /** Goes back to the time of the machine. */
  reset(): void {
    this.#shiftMilliseconds = 0
    this.#mayGoBack = true
  }
}
