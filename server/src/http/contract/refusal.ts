import { AuthError } from '../../auth/context/auth-error.ts'

/** A refusal by HTTP rather than by the rules: for a header, a path or an unreadable body. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  /** For programs, in the body's `details`; null if the status is enough. */
  readonly code: string | null
  readonly headers: Record<string, string>
  /** More for the body's `details`. */
  readonly details: Record<string, unknown>
  constructor(
    status: number,
    code: string | null,
    message: string,
    headers: Record<string, string> = {},
    details: Record<string, unknown> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
    this.details = details
  }
}

/** The request has no valid access token. */
export class Unauthenticated extends AuthError {
  /** For `WWW-Authenticate` (RFC 6750, 3). */
  readonly challenge: string
  /** @param token the request's token; a request without one gets no error code (RFC 6750, 3.1) */
  constructor(token: string | null) {
    super('invalid_access_token')
    this.challenge = token === null ? 'Bearer' : 'Bearer error="invalid_token"'
  }
}

/** The request has none of `SERVICE_KEYS`. */
export class ServiceKeyRefused extends AuthError {
  /** Whether it has another key. */
  readonly isWrong: boolean
  /** For `WWW-Authenticate`: the scheme that the request tried (RFC 6749, 5.2). */
  readonly challenge: string
  constructor(isWrong: boolean, challenge = 'Bearer') {
    super('invalid_service_key')
    this.isWrong = isWrong
    this.challenge = challenge
  }
}

/** The service key opens other services, not this one (RFC 6750, 3.1). */
export function insufficientScope(scope: string): Refusal {
  const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` }
  return new Refusal(403, 'insufficient_scope', `The service key lacks the scope ${scope}`, headers, { scope })
}

/** The path does not exist, or is hidden from this client. */
export function notFound(details: Record<string, unknown> = {}): Refusal {
  return new Refusal(404, null, 'Not found', {}, details)
}

/** The request came in plain text and may have been read on its way, so it is refused and not redirected. */
export function httpsRequired(): Refusal {
  return new Refusal(403, 'https_required', 'HTTPS is required')
}

/** Closes the connection: anything that follows such a request is not trusted either. */
const CLOSE = { connection: 'close' }

export function tooManyHeaders(): Refusal {
  return new Refusal(431, 'too_many_headers', 'The request has more than 100 headers', CLOSE)
}

/** Other parsers may find another end of such a body (RFC 9112, 6.1 and 6.3). */
export function ambiguousBody(): Refusal {
  return new Refusal(400, 'bad_request', 'The end of the body is ambiguous', CLOSE)
}

export function unknownTransferCoding(): Refusal {
  return new Refusal(501, 'not_implemented', 'The only Transfer-Encoding is chunked', CLOSE)
}

/** A proxy may have used a different Host than we would (RFC 9112, 3.2). */
export function twoHosts(): Refusal {
  return new Refusal(400, 'bad_request', 'The request has more than one Host', CLOSE)
}

/** A code out of a mail that is wrong, or is not good any more. */
export function invalidCode(attemptsLeft: number | null): Refusal {
  const details = attemptsLeft === null ? {} : { attempts_left: attemptsLeft }
  return new Refusal(422, 'invalid_code', 'The code is wrong', {}, details)
}

/** The claims of a user or a session have too many bytes. */
export function claimsTooLarge(sentence: string): Refusal {
  return new Refusal(422, 'claims_too_large', 'The claims are too large', {}, { claims: [sentence] })
}

/** A claim may not have its name, or its value. */
export function claimRefused(name: string, sentence: string): Refusal {
  return new Refusal(422, 'claim_refused', 'A claim is refused', {}, { name, claims: [sentence] })
}

/** The login that a code should complete is not in progress any more. */
export function loginExpired(): Refusal {
  return new Refusal(422, 'login_expired', 'The login has expired, begin again')
}

/** The session is old: the step needs the password (RFC 9470 has the header for it). */
export function stepUpRequired(maxAgeSeconds: number): Refusal {
  const challenge = `Bearer error="insufficient_user_authentication", max_age=${maxAgeSeconds}`
  const details = { methods: ['password'] }
  return new Refusal(403, 'step_up_required', 'Send the current password', { 'www-authenticate': challenge }, details)
}

/** The password is right, and the address is not proven: the code of a mail completes the login. */
export function emailNotVerified(loginToken: string, expiresInSeconds: number): Refusal {
  const details = { login_token: loginToken, expires_in: expiresInSeconds }
  return new Refusal(403, 'email_not_verified', 'The e-mail address is not confirmed', {}, details)
}

/** An operator has turned maintenance on, or moves the database. */
export function inMaintenance(): Refusal {
  const retryAfter = { 'retry-after': '5' }
  return new Refusal(503, 'maintenance', 'The server is in maintenance, try again soon', retryAfter)
}

/** The server stops: balancers should send new requests elsewhere. */
export function stopping(): Refusal {
  return new Refusal(503, 'stopping', 'The server is stopping')
}
