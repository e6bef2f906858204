import { Type } from '../endpoint/schema.ts'
import { EXAMPLE_DEVICE_TOKEN, EXAMPLE_TOKENS_BESIDE_COOKIE, EXAMPLE_TOKENS_IN_BODY, EXAMPLE_USER } from './examples.ts'
import { DeliveredTokens, TokensBesideCookie, TokensInBody } from './tokens.ts'
import { UserSchema } from './user.ts'

const deviceToken = Type.String({ description: 'For the next login of this device.' })

/** The answer of every login. */
export const LoginAnswer = Type.Object({
  user: UserSchema,
  ...DeliveredTokens.properties,
  device_token: Type.Optional(deviceToken),
})

/** The answer of every login, for clients that have the refresh token in bodies, or in a cookie. */
export const LOGIN_ANSWERS = {
  body: Type.Object({ user: UserSchema, ...TokensInBody.properties, device_token: deviceToken }),
  cookie: Type.Object({ user: UserSchema, ...TokensBesideCookie.properties }),
}

export const EXAMPLE_LOGIN_ANSWERS = {
  body: { user: EXAMPLE_USER, ...EXAMPLE_TOKENS_IN_BODY, device_token: EXAMPLE_DEVICE_TOKEN },
  cookie: { user: EXAMPLE_USER, ...EXAMPLE_TOKENS_BESIDE_COOKIE },
}

export const PresentedDeviceToken = Type.String({
  description: 'From an earlier login of this device: limits that other clients have used up do not stop it.',
})

export const AskedForCookie = Type.Literal(true, {
  description: 'Sets the refresh token as an HttpOnly cookie instead of returning it in the body.',
})
