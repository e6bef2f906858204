import { VerifyError } from '../token/verify-error.ts'

/** An answer in the shapes of Tessera's own endpoints, for any framework. */
export interface Refusal {
  status: 401 | 403 | 503
  headers: Record<string, string>
  body: { error: { message: string; details: Record<string, unknown> } }
}

function refusal(
  status: Refusal['status'],
  message: string,
  details: object,
  headers: Record<string, string>,
): Refusal {
  // A cache that shares answers must not hand a refusal to the next user.
  return {
    status,
    headers: { 'Cache-Control': 'no-store', ...headers },
    body: { error: { message, details: { ...details } } },
  }
}

/** Without an error code where there was no token at all (RFC 6750, 3). */
const unauthorized = (challenge: string) =>
  refusal(401, 'Missing or invalid token', {}, { 'WWW-Authenticate': challenge })

export const missingToken = () => unauthorized('Bearer')

/** Answers what a verifier threw. An error of another kind is thrown on, to the framework. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof VerifyError)) throw error
  if (error.code === 'stale' || error.code === 'unavailable')
    return refusal(503, 'The token cannot be verified, try again soon', { code: 'unavailable' }, { 'Retry-After': '1' })
  return unauthorized('Bearer error="invalid_token"')
}

export function roleRequired(role: string): Refusal {
  const challenge = { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' }
  return refusal(403, 'The role is not sufficient', { code: 'role_required', role }, challenge)
}

/** RFC 9470 has the header for it; the status is that of Tessera's own endpoints. */
export function stepUpRequired(maxAgeSeconds: number): Refusal {
  const challenge = `Bearer error="insufficient_user_authentication", max_age=${maxAgeSeconds}`
  const details = { code: 'step_up_required', max_age: maxAgeSeconds }
  return refusal(403, 'The login is too long ago, log in again', details, { 'WWW-Authenticate': challenge })
}
