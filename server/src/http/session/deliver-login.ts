import type { FastifyReply, FastifyRequest } from 'fastify'
import { displaceSession } from '../../auth/session/displace-session.ts'
import type { LoginOutcome } from '../../auth/session/finish-login.ts'
import type { DeviceToken } from '../../crypto/tokens/device-token.ts'
import { emailNotVerified } from '../contract/refusal.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { sendTokens } from '../refresh/deliver-tokens.ts'
import { sendDevice } from '../request/device-token.ts'
import { readRefreshCookie } from '../request/refresh-cookie.ts'
import { userView } from '../view/user.ts'

/**
 * Builds the answer of a login, and ends the session of the cookie that it replaces.
 *
 * @throws {Refusal} `email_not_verified`
 */
export async function deliverLogin(
  ctx: HttpContext,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { outcome, inCookie, device }: { outcome: LoginOutcome; inCookie: boolean; device: DeviceToken },
) {
  if (outcome.kind === 'email_not_verified') throw emailNotVerified(outcome.loginToken, outcome.expiresInSeconds)
  const replaced = inCookie ? readRefreshCookie(request) : undefined
  if (replaced !== undefined) await displaceSession(ctx, { ...replaced, client: request.client })
  return {
    user: userView(outcome.user),
    ...sendTokens(ctx, reply, outcome.tokens, inCookie),
    ...sendDevice(reply, device, inCookie),
  }
}
