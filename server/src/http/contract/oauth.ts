import type { Contract, ErrorDetails } from './contract.ts'
import { standard } from './standard.ts'

/** All other refusals are about the grant that was presented at the token endpoint. */
const REFUSED_GRANT = 400

/** The codes of RFC 6749, 5.2 and 4.1.2.1, and of RFC 8628, 3.5, for codes of our own. */
const CODES: Record<string, string> = {
  unsupported_grant_type: 'unsupported_grant_type',
  session_ended: 'invalid_grant',
  rate_limited: 'slow_down',
  insufficient_scope: 'insufficient_scope',
  overloaded: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  maintenance: 'temporarily_unavailable',
}

/** OAuth 2.0, everything under `/oauth/`: `{"error":"code","error_description":"sentence"}` (RFC 6749, 5.2). */
export const oauth: Contract = {
  refusals: refusedGrants(standard.refusals),
  errorBody: (message, details, status) => ({
    error: codeOf(details, status),
    error_description:
      details.code === 'unsupported_media_type' ? 'The body must be application/x-www-form-urlencoded' : message,
  }),
  validationStatus: 400, // RFC 6749, 5.2
  validationBody: (errors) => ({
    error: 'invalid_request',
    error_description: Object.entries(errors)
      .map(([field, [sentence]]) => `${field} ${sentence}`)
      .join('; '),
  }),
  schemas: { error: 'OAuthError', validation: 'OAuthError' },
}

function refusedGrants(refusals: Contract['refusals']): Contract['refusals'] {
  const entries = Object.entries(refusals).map(([code, [, sentence]]) => [code, [REFUSED_GRANT, sentence]])
  return { ...Object.fromEntries(entries), invalid_service_key: refusals.invalid_service_key }
}

function codeOf({ code }: ErrorDetails, status: number): string {
  if (code !== undefined) return CODES[code] ?? 'invalid_request'
  if (status === REFUSED_GRANT) return 'invalid_grant'
  if (status === 401) return 'invalid_client'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

/** The contract owns everything under `/oauth/`, unknown paths included. */
export function isOAuthPath(path: string): boolean {
  return path === '/oauth' || path.startsWith('/oauth/')
}
