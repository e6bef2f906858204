/**
 * The examples of the OpenAPI description. None of the tokens is real: a request that needs one has a variable instead, in
 * the notation of Postman, Bruno and Hoppscotch's importer.
 */
export const REFRESH_TOKEN_VARIABLE = '{{refresh_token}}'
export const ACCESS_TOKEN_VARIABLE = '{{access_token}}'
export const PAIR_VARIABLES = { access_token: '{{pair_access_token}}', refresh_token: '{{pair_refresh_token}}' }
export const USER_GUID_VARIABLE = '{{user_guid}}'
export const SESSION_VARIABLE = '{{session_id}}'
export const OTHER_SESSION_VARIABLE = '{{other_session_id}}'

export const EXAMPLE_GUID = '123e4567-e89b-12d3-a456-426614174000'
export const EXAMPLE_SESSION_ID = '018ccb54-9c00-7000-8000-000000000001'
const EXAMPLE_ACCESS_TOKEN = 'eyJhbGciOiJIUzI1NiJ9…'
const EXAMPLE_REFRESH_TOKEN = 's79qdH_N-ngy1OvR77B5vbeeeyWKJLGPPwtiumVaL00RFgWN7It4XW_NXuRyi5k7cItWDJSBA2u3xm_63yXQkA'
export const EXAMPLE_LOGIN_TOKEN = 'uN0s8oUPGnXtYXlqPuTzV3o2cZc8m2kZb8qk1nXq2tE'
export const EXAMPLE_TOKENS = { access_token: EXAMPLE_ACCESS_TOKEN, refresh_token: EXAMPLE_REFRESH_TOKEN }
export const EXAMPLE_TOKENS_BESIDE_COOKIE = {
  access_token: EXAMPLE_ACCESS_TOKEN,
  token_type: 'Bearer',
  expires_in: 900,
  refresh_expires_in: 604_800,
}
export const EXAMPLE_TOKENS_IN_BODY = { ...EXAMPLE_TOKENS_BESIDE_COOKIE, refresh_token: EXAMPLE_REFRESH_TOKEN }
export const EXAMPLE_DEVICE_TOKEN = 'FUFPPBUciN7_Nd6HYfWzPO8jhZytuOtjQ2miPLYpF-A'
export const EXAMPLE_USER = {
  id: 1,
  guid: EXAMPLE_GUID,
  email: 'user@example.com',
  email_verified_at: null,
  first_name: 'John',
  last_name: 'Doe',
  role: 'admin',
  created_at: '2024-01-01T00:00:00.000Z',
  updated_at: '2024-01-01T00:00:00.000Z',
}
