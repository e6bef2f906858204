import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type DeviceToken, readDeviceToken } from '../../crypto/tokens/device-token.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

const DEVICE_COOKIE = '__Host-tessera_device'
/** The longest that browsers keep a cookie. */
const COOKIE_LIFETIME_SECONDS = 400 * 86_400

/** The device token of a login: in its body, or else in the cookie; null if there is none that this server made. */
export function presentedDevice(
  { tokens }: Pick<HttpContext, 'tokens'>,
  { body, headers }: FastifyRequest,
): DeviceToken | null {
  const { device_token: inBody } = (body ?? {}) as { device_token?: unknown }
  const encoded = typeof inBody === 'string' ? inBody : parseCookie(headers.cookie ?? '')[DEVICE_COOKIE]
  return encoded === undefined ? null : readDeviceToken(tokens.refreshKeys, encoded)
}

/**
 * The device of a login whose answer gives its token back. A token that came in a cookie is in no body: scripts cannot read
 * that cookie.
 */
export function deviceOfLogin(
  ctx: Pick<HttpContext, 'tokens'>,
  request: FastifyRequest,
  inCookie: boolean,
): DeviceToken | null {
  const { device_token: inBody } = (request.body ?? {}) as { device_token?: unknown }
  return inCookie || inBody !== undefined ? presentedDevice(ctx, request) : null
}

/** Gives a device its token: in a cookie where the refresh token is in one, else as the field of the answer. */
export function sendDevice(
  reply: FastifyReply,
  { encoded }: DeviceToken,
  inCookie: boolean,
): { device_token?: string } {
  if (!inCookie) return { device_token: encoded }
  const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const
  const cookie = { name: DEVICE_COOKIE, value: encoded, maxAge: COOKIE_LIFETIME_SECONDS, ...attributes }
  reply.header('set-cookie', stringifySetCookie(cookie))
  return {}
}
