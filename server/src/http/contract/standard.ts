import type { Contract } from './contract.ts'

/** The JWT authentication API, and everything without a contract of its own: `{"error":{"message","details"}}`. */
export const standard: Contract = {
  refusals: {
    invalid_credentials: [401, 'Invalid email or password'],
    invalid_refresh_token: [401, 'Invalid refresh token'],
    refresh_token_expired: [401, 'Refresh token expired'],
    refresh_token_used: [401, 'Invalid refresh token'],
    invalid_access_token: [401, 'Missing or invalid token'],
    invalid_service_key: [401, 'Missing or invalid service key'],
    user_not_found: [404, 'Not found'],
    session_not_found: [404, 'Not found'],
    last_admin: [409, 'The last admin cannot be deleted'],
  },
  errorBody: (message, details) => ({ error: { message, details } }),
  validationBody: (errors) => ({ error: { message: 'Invalid request', details: errors } }),
  schemas: { error: 'ApiError', validation: 'ApiError' },
}
