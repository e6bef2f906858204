import { type ChainRow, findToken, type TokenRow } from '../../storage/session/refresh-tokens.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { AuthErrorCode } from '../context/auth-error.ts'
import { isAheadOfDatabase } from '../session/lost-history.ts'
import { SESSION_KINDS } from '../session/session-kind.ts'

/** A presented refresh token that is authentic by its MAC, with all that is known about it. */
export interface Presentation {
  now: Date
  /** The kind of session that the endpoint serves. */
  endpoint: SessionKind
  generation: number
  /** Null when the session is unknown. */
  chain: ChainRow | null
  /** Whether the token's secret fits its row; null when its row is gone. */
  digestMatches: boolean | null
  /** A pair's other half: one of ours and of this very token, of another one, or none of ours. `login` has none. */
  accessToken: 'not_needed' | 'matches' | 'of_another' | 'invalid'
  /** Digests by which this attempt recognises a rotation as its own. */
  attemptDigests: readonly string[]
  replayWindowSeconds: number
  /** In a cookie, which tabs share that know nothing of each other. */
  inCookie: boolean
}

export type Decision =
  | { kind: 'refused'; code: AuthErrorCode }
  /** The database has lost history: end the session. */
  | { kind: 'rolled_back' }
  /** Somebody holds a token that was used up: end the session. */
  | { kind: 'reused' }
  /** Hand out the successor again as it is; write nothing. */
  | { kind: 'repeat'; used: TokenRow; successor: TokenRow }
  /** Hand out the token itself; write nothing. */
  | { kind: 'keep'; unused: TokenRow }
  /** Hand out the successor; the token stays unused until that is presented. */
  | { kind: 'offer'; unused: TokenRow; successor: TokenRow | null }
  /** Use the token up and hand out its successor. */
  | { kind: 'rotate'; unused: TokenRow; previousAttemptDigest: string | null }

/**
 * The whole policy of the refresh chain, free of effects. The line numbers are those of the table in `docs/refresh.md`;
 * the first line that fits decides.
 */
export function decide(presented: Presentation): Decision {
  const { now, chain, endpoint, generation, accessToken } = presented

  // 0. Not a token of this endpoint.
  if (!chain || chain.kind !== endpoint) return refused('invalid_refresh_token')

  // 1. Halves of different pairs: two tabs can hold them, so it is no theft, even when the token's row is gone.
  if (accessToken === 'invalid') return refused('invalid_access_token')
  if (accessToken === 'of_another') return refused('invalid_refresh_token')

  const token = findToken(chain, generation)
  const successor = findToken(chain, generation + 1)

  // 2. The session is over.
  if (chain.revoked_at) {
    const wasUsed = !token || token.used_at !== null
    const wasReused = chain.revoke_reason === 'reuse' && wasUsed
    return refused(wasReused ? SESSION_KINDS[chain.kind].reuseRefusal : 'invalid_refresh_token')
  }
  if (chain.expires_at <= now) return refused('refresh_token_expired')
  if (chain.disabled_at) return refused('invalid_refresh_token')

  // 3. Genuine by its MAC, and we never made it: a restored backup or a failover lost what came after. A secret that does not
  // fit is of a chain that was rotated otherwise since then, perhaps by a thief of an older token.
  if (isAheadOfDatabase(chain, generation, presented.digestMatches)) return { kind: 'rolled_back' }

  // 4. Used, and what came of it was used too.
  if (!token || (token.used_at && (!successor || successor.used_at))) return { kind: 'reused' }

  // 5. Used, its successor unused: an answer that was lost, or a thief.
  if (token.used_at && successor) {
    if (successor.token_expires_at <= now) return refused('refresh_token_expired')
    if (isOwnAttempt(presented, token) || isWithinWindow(presented, token.used_at)) {
      return { kind: 'repeat', used: token, successor }
    }
    return { kind: 'reused' }
  }

  // 6. Unused.
  if (token.token_expires_at <= now) return refused('refresh_token_expired')
  if (isYoungInCookie(presented, token)) return { kind: 'keep', unused: token }
  if (generation === 0 && chain.rotation === 'adaptive') return { kind: 'offer', unused: token, successor }
  const previousAttemptDigest = findToken(chain, generation - 1)?.attempt_digest ?? null
  return { kind: 'rotate', unused: token, previousAttemptDigest }
}

function isOwnAttempt({ attemptDigests }: Presentation, token: TokenRow): boolean {
  return token.attempt_digest !== null && attemptDigests.includes(token.attempt_digest)
}

/**
 * Tabs that refresh one after another within the window all keep the same token, so the chain moves once per window at
 * most, and a tab whose request comes late finds its token's successor unused.
 */
function isYoungInCookie({ inCookie, now, replayWindowSeconds }: Presentation, token: TokenRow): boolean {
  return inCookie && now.getTime() - token.token_created_at.getTime() < replayWindowSeconds * 1000
}

function isWithinWindow({ endpoint, now, replayWindowSeconds }: Presentation, usedAt: Date): boolean {
  return SESSION_KINDS[endpoint].hasReplayWindow && now.getTime() - usedAt.getTime() < replayWindowSeconds * 1000
}

function refused(code: AuthErrorCode): Decision {
  return { kind: 'refused', code }
}
