import type { Contract, ErrorDetails } from './contract.ts'

/** The refusals of the token endpoint are all about the grant that was presented. */
const REFUSED_GRANT = 400

/** The codes of RFC 6749, 5.2 and 4.1.2.1, and of RFC 8628, 3.5, for codes of our own. */
const CODES: Record<string, string> = {
  unsupported_grant_type: 'unsupported_grant_type',
  rate_limited: 'slow_down',
  overloaded: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
}

/** OAuth 2.0, everything under `/oauth/`: `{"error":"code","error_description":"sentence"}` (RFC 6749, 5.2). */
export const oauth: Contract = {
  refusals: {
    invalid_credentials: [REFUSED_GRANT, 'Invalid email or password'],
    invalid_refresh_token: [REFUSED_GRANT, 'Invalid refresh token'],
    refresh_token_expired: [REFUSED_GRANT, 'Refresh token expired'],
    refresh_token_used: [REFUSED_GRANT, 'Invalid refresh token'],
    invalid_access_token: [REFUSED_GRANT, 'Missing or invalid token'],
    user_not_found: [REFUSED_GRANT, 'Not found'],
    last_admin: [409, 'The last admin cannot be deleted'],
  },
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

function codeOf({ code }: ErrorDetails, status: number): string {
  if (code !== undefined) return CODES[code] ?? 'invalid_request'
  if (status === REFUSED_GRANT) return 'invalid_grant'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

/** The contract owns everything under `/oauth/`, unknown paths included. */
export function isOAuthPath(path: string): boolean {
  return path === '/oauth' || path.startsWith('/oauth/')
}
