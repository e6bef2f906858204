import { Type } from 'typebox'

export const TokensSchema = Type.Object({
  access_token: Type.String({ description: 'A JWT.' }),
  refresh_token: Type.String({ description: '86 characters of base64url; good once.' }),
})

export const MessageSchema = Type.Object({ message: Type.String() })

export const DeliveredTokens = Type.Object({
  access_token: Type.String({ description: 'A JWT.' }),
  refresh_token: Type.Optional(
    Type.String({
      description:
        '86 characters of base64url; good once, but for the first of a login. In a cookie instead for who asked.',
    }),
  ),
})
