/**
 * `malformed` covers all that was never a token of this issuer: another key, another algorithm, a changed byte. `stale` and
 * `unavailable` say nothing about the token: whether it is genuine, or still lives, cannot be told at the moment.
 */
export type VerifyErrorCode =
  | 'malformed'
  | 'expired'
  | 'ended'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'stale'
  | 'unavailable'

/** Refuses a token. The message names no part of the token. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const malformed = (message: string) => new VerifyError('malformed', message)
