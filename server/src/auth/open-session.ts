import { makeRefreshToken, type RefreshToken, SECRET_BYTES } from '../crypto/refresh-token.ts'
import { uuidV4, uuidV7 } from '../crypto/uuid.ts'
import { insertAuditEvent } from '../storage/audit-events.ts'
import { insertFirstToken } from '../storage/refresh-tokens.ts'
import { insertSession, type SessionKind } from '../storage/sessions.ts'
import { holdUser, type UserRow } from '../storage/users.ts'
import type { Client, Context } from './context.ts'

export interface NewSessionOf {
  user: Pick<UserRow, 'id' | 'password_digest'>
  kind: SessionKind
  /** Whether each token is used up from the first on, whatever the setting says. */
  strict: boolean
  client: Client
  now: Date
}

export interface OpenedSession {
  refreshToken: RefreshToken
  /** Of the access token that goes with it. */
  jti: string
}

/**
 * Opens a session with its first refresh token.
 *
 * @returns null when the person is gone or disabled, or, for a login, no longer has the password that was verified
 */
export async function openSession(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'random'>,
  { user, kind, strict, client, now }: NewSessionOf,
): Promise<OpenedSession | null> {
  const { settings, tokens } = ctx
  const sessionId = uuidV7(now, ctx.random)
  const secret = ctx.random(SECRET_BYTES)
  const refreshToken = makeRefreshToken(tokens.refreshKeys[0], { sessionId, generation: 0, secret })
  const tokenDigest = await tokens.digests.digest(kind, refreshToken.secret)
  const jti = uuidV4(ctx.random)
  const sessionEnd = now.getTime() + settings.sessionMaxAgeSeconds * 1000
  const tokenEnd = Math.min(sessionEnd, now.getTime() + settings.refreshTokenLifetimeSeconds * 1000)

  const opened = await ctx.db.transaction(async (tx) => {
    const held = await holdUser(tx, user.id)
    if (!held || held.disabled_at) return false
    if (kind === 'login' && held.password_digest !== user.password_digest) return false
    await insertSession(
      tx,
      {
        id: sessionId,
        user_id: user.id,
        kind,
        rotation: strict ? 'strict' : settings.rotation,
        ip: client.ip,
        user_agent: client.userAgent,
        amr: kind === 'pair' ? 'svc' : 'pwd',
        expires_at: new Date(sessionEnd),
      },
      now,
    )
    const token = {
      session_id: sessionId,
      user_id: user.id,
      token: refreshToken.selector,
      generation: 0,
      token_digest: tokenDigest,
      salt: null,
      jti,
      ip: client.ip,
      expires_at: new Date(tokenEnd),
    }
    await insertFirstToken(tx, token, now)
    const where = { user_id: user.id, session_id: sessionId, ip: client.ip, user_agent: client.userAgent }
    await insertAuditEvent(tx, { kind: kind === 'pair' ? 'pair_issued' : 'login_succeeded', ...where }, now)
    return true
  })
  return opened ? { refreshToken, jti } : null
}
