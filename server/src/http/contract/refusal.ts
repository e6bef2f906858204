import { AuthError } from '../../auth/context/auth-error.ts'

/** A refusal that belongs to HTTP and not to the rules: a header, a path, a body that cannot be read. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  /** For a program, in the body's `details`; null where the status says it all. */
  readonly code: string | null
  readonly headers: Record<string, string>
  constructor(status: number, code: string | null, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** A request without a good access token. */
export class Unauthenticated extends AuthError {
  /** For `WWW-Authenticate` (RFC 6750, 3). */
  readonly challenge: string
  /** @param token what the request brought; no error code for a request that brought nothing (RFC 6750, 3.1) */
  constructor(token: string | null) {
    super('invalid_access_token')
    this.challenge = token === null ? 'Bearer' : 'Bearer error="invalid_token"'
  }
}

/** A path that does not exist, or that this caller may not know of. */
export function notFound(): Refusal {
  return new Refusal(404, null, 'Not found')
}

/** What came in clear may have been read on its way: it is refused, and never redirected. */
export function httpsRequired(): Refusal {
  return new Refusal(403, 'https_required', 'HTTPS is required')
}

/** What follows such a request on its connection is not trusted either. */
const CLOSE = { connection: 'close' }

export function tooManyHeaders(): Refusal {
  return new Refusal(431, 'too_many_headers', 'The request has more than 100 headers', CLOSE)
}

/** RFC 9112, 3.2: a proxy may have gone by another one than we do. */
export function twoHosts(): Refusal {
  return new Refusal(400, 'bad_request', 'The request has more than one Host', CLOSE)
}
