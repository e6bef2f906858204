import { login as loginRule } from '../../auth/session/login.ts'
import { makeDeviceToken } from '../../crypto/tokens/device-token.ts'
import { emailNotVerified } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { demoRefusal } from '../guard/demo-client.ts'
import { deviceOfLogin } from '../request/device-token.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import { EXAMPLE_LOGIN_TOKEN } from '../view/examples.ts'
import {
  AskedForCookie,
  EXAMPLE_LOGIN_ANSWERS,
  LOGIN_ANSWERS,
  LoginAnswer,
  PresentedDeviceToken,
} from '../view/login.ts'
import { deliverLogin } from './deliver-login.ts'

const credentials = { email: Type.String(), password: Type.String() }

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
    handsOutAttempt: true,
    bodiesFor(place, { cookieMode }) {
      const asks = place === 'cookie' && !cookieMode
      const own = place === 'body' ? { device_token: Type.Optional(PresentedDeviceToken) } : {}
      return {
        request: Type.Object({ ...credentials, ...own, ...(asks && { cookie: AskedForCookie }) }),
        answer: LOGIN_ANSWERS[place],
        examples: {
          body: { email: 'admin@example.com', password: 'password123', ...(asks && { cookie: true }) },
          answer: EXAMPLE_LOGIN_ANSWERS[place],
        },
      }
    },
  },
  body: Type.Object({
    ...credentials,
    device_token: Type.Optional(PresentedDeviceToken),
    cookie: Type.Optional(Type.Boolean()),
  }),
  responses: { 200: LoginAnswer },
  async handle(ctx, request, reply) {
    const { email, password, cookie = false } = request.body
    const inCookie = cookie || ctx.edge.cookieMode
    if (inCookie) refuseCrossSite(ctx, request)
    const presented = deviceOfLogin(ctx, request, inCookie)
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
