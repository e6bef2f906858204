/** Thrown when a budget is spent; the same for existing and unknown accounts. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited'
  readonly retryAfterSeconds: number
  /** The key of the budget. */
  readonly key: string
  constructor(retryAfterSeconds: number, key: string) {
    super('rate limited')
    this.retryAfterSeconds = retryAfterSeconds
    this.key = key
  }

  /** The name of the limit: the first word of its key. */
  get limit(): string {
    return this.key.split(' ', 1)[0] ?? ''
  }
}
