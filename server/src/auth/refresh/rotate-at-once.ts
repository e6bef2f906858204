import { sha256 } from '../../crypto/hashing/sha256.ts'
import { deriveSuccessor, type RefreshToken, SALT_BYTES } from '../../crypto/tokens/refresh-token.ts'
import { uuidV4 } from '../../crypto/tokens/uuid.ts'
import { rotatesUnread, rotateUnread } from '../../storage/session/rotate-together.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { keptIfMade } from './refresh-policy.ts'

interface LoginRefresh {
  token: RefreshToken
  inCookie: boolean
  client: Client
  /** When the token was handed out with the attempt that was presented with it; null without one. */
  attemptMadeAt: Date | null
  digests: { key: string | null; random: string }
  now: Date
}

/**
 * Rotates the token of a login without reading its chain first, where the policy would rotate it: one statement compares
 * what the policy compares. The successor is that of any rotation.
 *
 * @returns null if nothing changed: the chain is to be read, and the policy decides
 */
export async function rotateAtOnce(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'random'>,
  { token, inCookie, client, attemptMadeAt, digests, now }: LoginRefresh,
) {
  if (!rotatesUnread(ctx.db) || isProbablyOffered(ctx, token, inCookie)) return null
  const kept = keptIfMade({ inCookie, attemptMadeAt, now })
  if (kept === 'any') return null
  const { settings } = ctx
  const salt = ctx.random(SALT_BYTES).toString('base64url')
  const successor = deriveSuccessor(ctx.tokens.refreshKeys[0], token, salt)
  const row = {
    token: successor.selector,
    token_digest: sha256(successor.secret),
    salt,
    jti: uuidV4(ctx.random),
    ip: client.ip,
    expires_at: new Date(now.getTime() + settings.refreshTokenLifetimeSeconds * 1000),
  }
  const rotated = await rotateUnread(ctx.db, {
    sessionId: token.sessionId,
    generation: token.generation,
    tokenDigest: sha256(token.secret),
    carrier: inCookie ? 'cookie' : 'body',
    keptIfMade: kept,
    keyDigest: digests.key,
    randomDigest: digests.random,
    successor: row,
    now,
  })
  if (!rotated) return null
  const { session_expires_at: expires_at, token_expires_at: endsAt, ...carried } = rotated
  return {
    kind: 'issued' as const,
    chain: { kind: 'login' as const, ...carried, expires_at },
    successor,
    isKept: false,
    jti: row.jti,
    ip: row.ip,
    endsAt,
    now,
  }
}

/** Whether the token is likely to be the first one of an adaptive session: a try would cost it a statement. */
function isProbablyOffered({ settings }: Pick<Context, 'settings'>, token: RefreshToken, inCookie: boolean): boolean {
  return token.generation === 0 && settings.rotation === 'adaptive' && !inCookie
}
