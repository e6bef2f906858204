import { makeRefreshToken, type RefreshToken, SECRET_BYTES } from '../../crypto/refresh-token.ts'
import { uuidV4, uuidV7 } from '../../crypto/uuid.ts'
import { lockUserShared } from '../../storage/account/user-locks.ts'
import { insertFirstToken } from '../../storage/session/refresh-tokens.ts'
import { insertSession, type SessionKind, type TokenCarrier } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { SESSION_KINDS } from './session-kind.ts'

interface OpenSessionInput {
  userId: number
  kind: SessionKind
  /** How its refresh tokens travel. */
  carrier: TokenCarrier
  /** The device of a login; none for a pair. */
  deviceDigest?: string | null
  /** How the user authenticated (RFC 8176). */
  methods: readonly string[]
  /** The digest that the password was verified against: the session is opened only if it is still the user's. */
  verifiedDigest?: string | null
  client: Client
  now: Date
}

interface OpenedSession {
  refreshToken: RefreshToken
  /** The `jti` of the access token that is issued with the refresh token. */
  jti: string
  sessionEndsAt: Date
  refreshTokenEndsAt: Date
}

/**
 * Opens a session with its first refresh token.
 *
 * @returns null when the user is gone or disabled, or no longer has the password that was verified
 */
export async function openSession(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'random'>,
  { userId, kind, carrier, deviceDigest = null, methods, verifiedDigest, client, now }: OpenSessionInput,
): Promise<OpenedSession | null> {
  const { settings, tokens } = ctx
  const { tokenDigest: algorithm, alwaysStrict, openedEvent } = SESSION_KINDS[kind]
  const sessionId = uuidV7(now, ctx.random)
  const secret = ctx.random(SECRET_BYTES)
  const refreshToken = makeRefreshToken(tokens.refreshKeys[0], { sessionId, generation: 0, secret })
  const tokenDigest = await tokens.digests.digest(algorithm, refreshToken.secret)
  const jti = uuidV4(ctx.random)
  const sessionEndsAt = new Date(now.getTime() + settings.sessionMaxAgeSeconds * 1000)
  const tokenEnd = Math.min(sessionEndsAt.getTime(), now.getTime() + settings.refreshTokenLifetimeSeconds * 1000)
  const refreshTokenEndsAt = new Date(tokenEnd)

  const opened = await ctx.db.transaction(async (tx) => {
    const user = await lockUserShared(tx, userId)
    if (!user || user.disabled_at || (user.seeded_as !== null && !settings.allowDemoUsers)) return false
    if (verifiedDigest !== undefined && user.password_digest !== verifiedDigest) return false
    await insertSession(
      tx,
      {
        id: sessionId,
        user_id: userId,
        kind,
        // A browser stores every successor, so the first token in a cookie is used up like any other.
        rotation: carrier === 'cookie' || alwaysStrict ? 'strict' : settings.rotation,
        token_carrier: carrier,
        device_digest: deviceDigest,
        ip: client.ip,
        user_agent: client.userAgent,
        amr: methods.join(' '),
        expires_at: sessionEndsAt,
      },
      now,
    )
    const token = {
      session_id: sessionId,
      user_id: userId,
      token: refreshToken.selector,
      generation: 0,
      token_digest: tokenDigest,
      salt: null,
      jti,
      ip: client.ip,
      expires_at: refreshTokenEndsAt,
    }
    await insertFirstToken(tx, token, now)
    await recordEvent(tx, { kind: openedEvent, userId, sessionId }, client, now)
    return true
  })
  return opened ? { refreshToken, jti, sessionEndsAt, refreshTokenEndsAt } : null
}
