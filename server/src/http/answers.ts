import type { FastifyError } from 'fastify'
import { AuthError, type AuthErrorCode } from '../auth/auth-error.ts'
import { RateLimited } from '../auth/limits.ts'
import { LaneFull } from '../crypto/hash-lane.ts'
import { Unavailable } from '../storage/database.ts'
import { InvalidBody, pairComplaint } from './invalid-body.ts'
import { Refusal } from './refusal.ts'

/** Which document's error shape a path answers in. */
export type Contract = 'standard' | 'registration' | 'pairs'

export interface Answer {
  status: number
  headers: Record<string, string>
  body: object
}

/** The pair document owns everything under `/auth/`. */
export function contractOf(path: string): Contract {
  if (path === '/auth' || path.startsWith('/auth/')) return 'pairs'
  return path === '/api/v1/users/sign_up' ? 'registration' : 'standard'
}

interface Words {
  status: number
  standard: string
  pairs: string
}

const REFUSALS: Record<AuthErrorCode, Words> = {
  invalid_credentials: { status: 401, standard: 'Invalid email or password', pairs: 'Unauthorized' },
  invalid_refresh_token: { status: 401, standard: 'Invalid refresh token', pairs: 'Invalid refresh token' },
  refresh_token_expired: { status: 401, standard: 'Refresh token expired', pairs: 'Refresh token expired' },
  refresh_token_used: { status: 401, standard: 'Invalid refresh token', pairs: 'Refresh token already used' },
  invalid_access_token: { status: 401, standard: 'Missing or invalid token', pairs: 'Invalid access token' },
  user_not_found: { status: 404, standard: 'Not found', pairs: 'User not found' },
}

// What Fastify refuses before a handler runs.
const FRAMEWORK_REFUSALS: Record<number, [code: string, message: string]> = {
  400: ['bad_request', 'The request cannot be read'],
  413: ['body_too_large', 'The body is larger than 16 KB'],
  414: ['path_too_long', 'The path is too long'],
  415: ['unsupported_media_type', 'The body must be application/json'],
}

const RETRY_SOON = { 'retry-after': '1' }

/** Says any error in the words of a contract. Null: a bug, which gets {@link internalError} and a line in the log. */
export function answerTo(error: unknown, contract: Contract): Answer | null {
  if (error instanceof AuthError) {
    const words = REFUSALS[error.code]
    return answer(contract, words.status, contract === 'pairs' ? words.pairs : words.standard)
  }
  if (error instanceof InvalidBody) {
    if (contract === 'pairs') return answer(contract, 422, pairComplaint(error.complaints))
    if (contract === 'registration') return invalidRegistration(error.complaints)
    return answer(contract, 422, 'Invalid request', error.complaints)
  }
  if (error instanceof Refusal) {
    return answer(contract, error.status, error.message, error.code === null ? {} : { code: error.code }, error.headers)
  }
  if (error instanceof RateLimited) {
    const retryAfter = { 'retry-after': String(error.retryAfterSeconds) }
    return answer(contract, 429, 'Too many attempts, try again later', { code: 'rate_limited' }, retryAfter)
  }
  if (error instanceof LaneFull) {
    return answer(contract, 503, 'The server is busy, try again soon', { code: 'overloaded' }, RETRY_SOON)
  }
  if (error instanceof Unavailable) {
    return answer(contract, 503, 'The database is unavailable, try again soon', { code: 'unavailable' }, RETRY_SOON)
  }
  const status = (error as FastifyError).statusCode ?? 500
  const [code, message] = FRAMEWORK_REFUSALS[status] ?? []
  return code && message ? answer(contract, status, message, { code }) : null
}

export function internalError(contract: Contract): Answer {
  return answer(contract, 500, 'Internal server error')
}

export function invalidRegistration(complaints: Record<string, string[]>): Answer {
  return { status: 422, headers: {}, body: { message: 'Something went wrong', errors: complaints } }
}

function answer(
  contract: Contract,
  status: number,
  message: string,
  details: object = {},
  headers: Record<string, string> = {},
): Answer {
  // RFC 6750, 3: every 401 says which scheme would do; a guard that saw a bad token says more.
  const authenticate = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  const body = contract === 'pairs' ? { error: message } : { error: { message, details } }
  return { status, headers: { ...authenticate, ...headers }, body }
}
