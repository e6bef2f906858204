// Made by `npm run client-types` of the API's description e1a2501009ef49b8.
export interface components {
  schemas: {
    LoginRequest: {
      email: string
      password: string
      /** @description From an earlier login of this device: limits that other clients have used up do not stop it. */
      device_token?: string
    }
    LoginResponse: {
      user: components['schemas']['User']
      /** @description A JWT. */
      access_token: string
      /** @constant */
      token_type: 'Bearer'
      /**
       * Format: int32
       * @description Seconds until the access token expires.
       */
      expires_in: number
      /**
       * Format: int32
       * @description Seconds until the refresh token expires, at most until the session ends.
       */
      refresh_expires_in: number
      /** @description 86 base64url characters; works once, except the first one of a login. */
      refresh_token: string
      /** @description For the next login of this device. */
      device_token: string
    }
    User: {
      /** Format: int64 */
      id: number
      /** Format: uuid */
      guid: string
      /** @description In canonical form: lower case, ASCII domain. */
      email: string
      /** @description When the address was proven to be the user's; null until then. */
      email_verified_at: string | null
      first_name: string | null
      last_name: string | null
      /** @enum {string} */
      role: 'user' | 'admin'
      /** Format: date-time */
      created_at: string
      /** Format: date-time */
      updated_at: string
    }
    ApiError: {
      error: {
        /** @description For humans. */
        message: string
        /** @description A code, or the messages for each field. */
        details: {
          /** @description For programs; stable. */
          code?: string
        } & {
          [key: string]: unknown
        }
      }
    }
    VerifyLoginRequest: {
      /** @description From the answer that began the login. */
      login_token: string
      /** @description The code in the mail, a text such as `K7Q4-9XMB`; five attempts. */
      code?: unknown
      /** @description From an earlier login of this device: limits that other clients have used up do not stop it. */
      device_token?: string
    }
    RefreshRequest: {
      refresh_token: string
    }
    RefreshResponse: {
      /** @description A JWT. */
      access_token: string
      /** @constant */
      token_type: 'Bearer'
      /**
       * Format: int32
       * @description Seconds until the access token expires.
       */
      expires_in: number
      /**
       * Format: int32
       * @description Seconds until the refresh token expires, at most until the session ends.
       */
      refresh_expires_in: number
      /** @description 86 base64url characters; works once, except the first one of a login. */
      refresh_token: string
    }
    LogoutRequest: {
      refresh_token: string
      /**
       * @description The sessions to end: this one, which is the default, all others of the user, or all.
       * @enum {string}
       */
      scope?: 'session' | 'others' | 'all'
    }
    LogoutResponse: {
      message: string
    }
    MeResponse: {
      user: components['schemas']['User']
    }
    IssuePairRequest: {
      auth: {
        user_guid: string
      }
    }
    Tokens: {
      /** @description A JWT. */
      access_token: string
      /** @description 86 base64url characters; works once. */
      refresh_token: string
    }
    PairError: {
      error: string
    }
    RefreshPairRequest: {
      auth: {
        access_token: string
        refresh_token: string
      }
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
