import { Type } from 'typebox'
import { findBegunLogin, verifyLogin as verifyLoginRule } from '../../auth/session/verify-login.ts'
import { makeDeviceToken } from '../../crypto/device-token.ts'
import { invalidCode, loginExpired } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { presentedDevice } from '../request/device-token.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import { EXAMPLE_DELIVERED_TOKENS, EXAMPLE_LOGIN_TOKEN, EXAMPLE_USER } from '../view/examples.ts'
import { deliverLogin, LoginAnswer } from './deliver-login.ts'

/** `POST /api/v1/auth/login/verify` */
export const verifyLogin = endpoint({
  about: {
    operationId: 'verifyLogin',
    tag: 'Authentication',
    summary: 'Complete a login or a sign-up with the code of a mail',
    success: 'The user and the tokens of the new session, as of a login',
    errors: [invalidCode(4), loginExpired()],
    takesCookie: true,
    examples: {
      body: { login_token: EXAMPLE_LOGIN_TOKEN, code: 'K7Q4-9XMB' },
      answer: { user: EXAMPLE_USER, ...EXAMPLE_DELIVERED_TOKENS },
    },
  },
  body: Type.Object({
    login_token: Type.String({ description: 'From the answer that began the login.' }),
    code: Type.Optional(
      Type.Unknown({ description: 'The code in the mail, a text such as `K7Q4-9XMB`; five attempts.' }),
    ),
    device_token: Type.Optional(Type.String({ description: 'From an earlier login of this device.' })),
  }),
  responses: { 200: LoginAnswer },
  async handle(ctx, request, reply) {
    const { login_token: loginToken, code } = request.body
    if (typeof code !== 'string') throw invalidCode(null)
    const begun = await findBegunLogin(ctx, loginToken)
    if (!begun) throw loginExpired()
    // The second step is judged as the first was, before anything is used up.
    if (begun.inCookie) refuseCrossSite(ctx, request)
    const device = presentedDevice(ctx, request) ?? makeDeviceToken(ctx.tokens.refreshKeys, ctx.random)
    const verified = await verifyLoginRule(ctx, { loginToken, code, device, client: request.client })
    if (verified.kind === 'expired') throw loginExpired()
    if (verified.kind === 'invalid_code') throw invalidCode(verified.attemptsLeft)
    return deliverLogin(ctx, { request, reply }, { ...verified, device })
  },
})
