import { findBegunLogin, verifyLogin as verifyLoginRule } from '../../auth/session/verify-login.ts'
import { makeDeviceToken } from '../../crypto/tokens/device-token.ts'
import { invalidCode, loginExpired } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { deviceOfLogin } from '../request/device-token.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import { EXAMPLE_LOGIN_TOKEN } from '../view/examples.ts'
import { EXAMPLE_LOGIN_ANSWERS, LOGIN_ANSWERS, LoginAnswer, PresentedDeviceToken } from '../view/login.ts'
import { deliverLogin } from './deliver-login.ts'

const proof = {
  login_token: Type.String({ description: 'From the answer that began the login.' }),
  code: Type.Optional(
    Type.Unknown({ description: 'The code in the mail, a text such as `K7Q4-9XMB`; five attempts.' }),
  ),
}

/** `POST /api/v1/auth/login/verify` */
export const verifyLogin = endpoint({
  about: {
    operationId: 'verifyLogin',
    tag: 'Authentication',
    summary: 'Complete a login or a sign-up with the code of a mail',
    success: 'The user and the tokens of the new session, as of a login',
    errors: [invalidCode(4), loginExpired()],
    takesCookie: true,
    handsOutAttempt: true,
    bodiesFor: (place) => ({
      request: Type.Object({
        ...proof,
        ...(place === 'body' && { device_token: Type.Optional(PresentedDeviceToken) }),
      }),
      answer: LOGIN_ANSWERS[place],
      examples: {
        body: { login_token: EXAMPLE_LOGIN_TOKEN, code: 'K7Q4-9XMB' },
        answer: EXAMPLE_LOGIN_ANSWERS[place],
      },
    }),
  },
  body: Type.Object({ ...proof, device_token: Type.Optional(PresentedDeviceToken) }),
  responses: { 200: LoginAnswer },
  async handle(ctx, request, reply) {
    const { login_token: loginToken, code } = request.body
    ctx.note({ outcome: 'wrong' })
    if (typeof code !== 'string') throw invalidCode(null)
    const begun = await findBegunLogin(ctx, loginToken)
    if (!begun) throw loginExpired()
    // The second step is judged as the first was, before anything is used up.
    if (begun.inCookie) refuseCrossSite(ctx, request)
    const device = deviceOfLogin(ctx, request, begun.inCookie) ?? makeDeviceToken(ctx.tokens.refreshKeys, ctx.random)
    const verified = await verifyLoginRule(ctx, { loginToken, code, device, client: request.client })
    if (verified.kind === 'expired') throw loginExpired()
    if (verified.kind === 'invalid_code') throw invalidCode(verified.attemptsLeft)
    const { outcome } = verified
    if (outcome.kind === 'session') ctx.note({ userId: outcome.user.id, outcome: 'succeeded' })
    return deliverLogin(ctx, { request, reply }, { ...verified, device })
  },
})
