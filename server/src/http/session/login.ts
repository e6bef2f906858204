import { Type } from 'typebox'
import { login as loginRule } from '../../auth/session/login.ts'
import { makeDeviceToken } from '../../crypto/device-token.ts'
import { emailNotVerified } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { demoRefusal } from '../guard/demo-client.ts'
import { presentedDevice } from '../request/device-token.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import { EXAMPLE_DELIVERED_TOKENS, EXAMPLE_LOGIN_TOKEN, EXAMPLE_USER } from '../view/examples.ts'
import { deliverLogin, LoginAnswer } from './deliver-login.ts'

/** `POST /api/v1/auth/login` */
export const login = endpoint({
  about: {
    operationId: 'login',
    tag: 'Authentication',
    summary: 'Check a password and start a session',
    success: 'The user and the tokens of the new session',
    refusals: ['invalid_credentials'],
    errors: [emailNotVerified(EXAMPLE_LOGIN_TOKEN, 900)],
    takesCookie: true,
    examples: {
      body: { email: 'admin@example.com', password: 'password123' },
      answer: { user: EXAMPLE_USER, ...EXAMPLE_DELIVERED_TOKENS },
    },
  },
  body: Type.Object({
    email: Type.String(),
    password: Type.String(),
    device_token: Type.Optional(
      Type.String({
        description: 'From an earlier login of this device: limits that other clients have used up do not stop it.',
      }),
    ),
    cookie: Type.Optional(
      Type.Boolean({
        description: 'Sets the refresh token as an HttpOnly cookie instead of returning it in the body.',
      }),
    ),
  }),
  responses: { 200: LoginAnswer },
  async handle(ctx, request, reply) {
    const { email, password, cookie = false } = request.body
    const inCookie = cookie || ctx.edge.cookieMode
    if (inCookie) refuseCrossSite(ctx, request)
    // A token that came in a cookie is in no body: scripts cannot read that cookie.
    const presented = inCookie || request.body.device_token !== undefined ? presentedDevice(ctx, request) : null
    const device = presented ?? makeDeviceToken(ctx.tokens.refreshKeys, ctx.random)
    const outcome = await loginRule(ctx, {
      email,
      password,
      inCookie,
      device,
      presented,
      demoRefusal: demoRefusal(ctx.edge, request),
      locale: preferredLocale(request),
      client: request.client,
    })
    return deliverLogin(ctx, { request, reply }, { outcome, inCookie, device })
  },
})
