/** The codes of all refusals. Each contract has its own statuses and messages for them: see `http/contract/`. */
export type AuthErrorCode =
  | 'invalid_credentials'
  | 'invalid_refresh_token'
  | 'refresh_token_expired'
  | 'refresh_token_used'
  | 'invalid_access_token'
  | 'invalid_service_key'
  | 'user_not_found'
  | 'session_not_found'
  | 'last_admin'

/** An expected refusal, as opposed to a bug or an outage. Thrown after the transaction that decided it. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  /** Facts that programs can act on, where the contract has a place for them. */
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: AuthErrorCode, details: Readonly<Record<string, unknown>> = {}) {
    super(code)
    this.code = code
    this.details = details
  }
}
