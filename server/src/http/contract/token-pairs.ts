import type { Contract } from './contract.ts'
import { standard } from './standard.ts'

/** The sentences for missing fields. A response has only one: that of the first missing field. */
const MISSING_FIELDS: Record<string, string> = {
  user_guid: 'Missing GUID',
  access_token: 'Access token is missing',
  refresh_token: 'Refresh token is missing',
}

/** Mutually bound token pairs: `{"error":"sentence"}`. */
export const tokenPairs: Contract = {
  refusals: {
    ...standard.refusals,
    invalid_refresh_token: [401, 'Invalid refresh token'],
    refresh_token_expired: [401, 'Refresh token expired'],
    refresh_token_used: [401, 'Refresh token already used'],
    invalid_access_token: [401, 'Invalid access token'],
    invalid_service_key: [401, 'Unauthorized'],
    user_not_found: [404, 'User not found'],
  },
  errorBody: (message) => ({ error: message }),
  validationBody(errors) {
    const field = Object.keys(MISSING_FIELDS).find((name) => name in errors)
    return { error: (field && MISSING_FIELDS[field]) ?? 'Invalid request' }
  },
  schemas: { error: 'PairError', validation: 'PairError' },
}

/** The contract owns everything under `/auth/`, unknown paths included. */
export function isTokenPairPath(path: string): boolean {
  return path === '/auth' || path.startsWith('/auth/')
}
