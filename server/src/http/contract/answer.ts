import type { FastifyError } from 'fastify'
import { AuthError, type AuthErrorCode } from '../../auth/context/auth-error.ts'
import { RateLimited } from '../../auth/limit/rate-limited.ts'
import { HashPoolFull } from '../../crypto/hashing/hash-pool.ts'
import { Fenced, Unavailable } from '../../storage/database/errors.ts'
import type { Contract, ErrorDetails } from './contract.ts'
import { InvalidBody } from './invalid-body.ts'
import { inMaintenance, Refusal, ServiceKeyRefused, Unauthenticated } from './refusal.ts'

export interface Answer {
  status: number
  headers: Record<string, string>
  body: object
}

// The errors that Fastify raises before a handler runs.
const FRAMEWORK_REFUSALS: Record<number, [code: string, message: string]> = {
  400: ['bad_request', 'The request cannot be read'],
  413: ['body_too_large', 'The body is larger than 16 KB'],
  414: ['path_too_long', 'The path is too long'],
  415: ['unsupported_media_type', 'The body must be application/json'],
}

/** The refusals of the rules that are told apart by more than their status. */
const CODES_FOR_PROGRAMS: ReadonlySet<AuthErrorCode> = new Set(['last_admin'])

const RETRY_SOON = { 'retry-after': '1' }

/** Converts an error to a response of the contract. Null: a bug, which gets {@link internalError} and a log line. */
export function answerTo(error: unknown, contract: Contract): Answer | null {
  if (error instanceof AuthError) {
    const [status, sentence] = contract.refusals[error.code]
    const isChallenge = error instanceof Unauthenticated || error instanceof ServiceKeyRefused
    const headers = isChallenge ? { 'www-authenticate': error.challenge } : {}
    const code = CODES_FOR_PROGRAMS.has(error.code) ? { code: error.code } : {}
    return answer(contract, status, sentence, { ...code, ...error.details }, headers)
  }
  if (error instanceof InvalidBody) {
    return { status: contract.validationStatus ?? 422, headers: {}, body: contract.validationBody(error.errors) }
  }
  if (error instanceof Refusal) {
    const details = { ...(error.code !== null && { code: error.code }), ...error.details }
    return answer(contract, error.status, error.message, details, error.headers)
  }
  if (error instanceof RateLimited) {
    const retryAfter = { 'retry-after': String(error.retryAfterSeconds) }
    return answer(contract, 429, 'Too many attempts, try again later', { code: 'rate_limited' }, retryAfter)
  }
  if (error instanceof HashPoolFull) {
    return answer(contract, 503, 'The server is busy, try again soon', { code: 'overloaded' }, RETRY_SOON)
  }
  if (error instanceof Fenced) return answerTo(inMaintenance(), contract)
  if (error instanceof Unavailable && error.isDamaged) {
    return answer(contract, 503, 'The database is unavailable', { code: 'unavailable' })
  }
  if (error instanceof Unavailable) {
    return answer(contract, 503, 'The database is unavailable, try again soon', { code: 'unavailable' }, RETRY_SOON)
  }
  const status = (error as FastifyError).statusCode ?? 500
  const [code, message] = FRAMEWORK_REFUSALS[status] ?? []
  const send = status === 415 ? { send: 'Content-Type: application/json' } : {}
  return code && message ? answer(contract, status, message, { code, ...send }) : null
}

export function internalError(contract: Contract): Answer {
  return answer(contract, 500, 'Internal server error')
}

function answer(
  contract: Contract,
  status: number,
  message: string,
  details: ErrorDetails = {},
  headers: Record<string, string> = {},
): Answer {
  // RFC 6750, 3: every 401 names the scheme to use; a guard that rejected a token adds an error code.
  const authenticate = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return { status, headers: { ...authenticate, ...headers }, body: contract.errorBody(message, details, status) }
}
