import { Type } from '../endpoint/schema.ts'

export const TokensSchema = Type.Object({
  access_token: Type.String({ description: 'A JWT.' }),
  refresh_token: Type.String({ description: '86 base64url characters; works once.' }),
})

export const MessageSchema = Type.Object({ message: Type.String() })

const refreshToken = Type.String({
  description: '86 base64url characters; works once, except the first one of a login.',
})

/** The tokens of a login for a client that has its refresh token in a cookie. */
export const TokensBesideCookie = Type.Object({
  access_token: Type.String({ description: 'A JWT.' }),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ format: 'int32', description: 'Seconds until the access token expires.' }),
  refresh_expires_in: Type.Integer({
    format: 'int32',
    description: 'Seconds until the refresh token expires, at most until the session ends.',
  }),
})

/** The tokens of a login for a client that has its refresh token in bodies. */
export const TokensInBody = Type.Object({ ...TokensBesideCookie.properties, refresh_token: refreshToken })

/** The tokens of a login for either. */
export const DeliveredTokens = Type.Object({
  ...TokensBesideCookie.properties,
  refresh_token: Type.Optional(refreshToken),
})

/** A login or a sign-up that the code of a mail completes. */
export const BegunLoginSchema = Type.Object({
  message: Type.String(),
  login_token: Type.String({ description: 'Of the client that began; keep it until the code is typed.' }),
  expires_in: Type.Integer({ format: 'int32', description: 'Seconds until login token and code expire.' }),
})
