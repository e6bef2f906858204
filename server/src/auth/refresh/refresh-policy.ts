import type { CounterLabels } from '../../observe/metric-definitions.ts'
import { type CarriedRow, type ChainRow, findToken, type TokenRow } from '../../storage/session/refresh-tokens.ts'
import type { RevokeReason } from '../../storage/session/revoke-reason.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { AuthErrorCode } from '../context/auth-error.ts'
import { isAheadOfDatabase } from '../session/lost-history.ts'
import { SESSION_KINDS } from '../session/session-kind.ts'

/** Everything about a chain that decides. */
export type JudgedChain = Omit<ChainRow, keyof CarriedRow>

/** A presented refresh token with an authentic MAC, and everything that is known about it. */
export interface Presentation {
  now: Date
  /** The kind of session that the endpoint serves. */
  endpoint: SessionKind
  generation: number
  /** Null when the session is unknown. */
  chain: JudgedChain | null
  /** Whether the token's secret matches the digest of its row; null when the row is gone. */
  digestMatches: boolean | null
  /** Whether a pair's access token was issued with this refresh token, with another one, or not at all by this server. */
  accessToken: 'not_needed' | 'matches' | 'of_another' | 'invalid'
  /** The digests by which this attempt recognises a rotation as its own. */
  attemptDigests: readonly string[]
  /** When this server handed out the presented token with the attempt that was presented with it; null without one. */
  attemptMadeAt: Date | null
  replayWindowSeconds: number
  /** Whether the token came in a cookie, which several tabs may share without coordination. */
  inCookie: boolean
}

/** The line of the table that decided, as metrics and the log name it. */
export type RefreshLine = Exclude<CounterLabels<'tessera_refreshes_total'>['outcome'], 'busy'>

/** A refusal; with the reason, where the session has ended: only its own tokens are told. */
export interface Refused {
  kind: 'refused'
  line: RefreshLine
  code: AuthErrorCode
  endReason?: RevokeReason | 'expired'
}

export type Decision =
  | Refused
  /** The database was rolled back: end the session. */
  | { kind: 'rolled_back' }
  /** A used token was presented again: end the session. */
  | { kind: 'reused'; line: 'reused_old' | 'reused_late' }
  /** Return the same successor again; write nothing. */
  | { kind: 'repeat'; line: 'repeated_by_key' | 'repeated_in_window'; used: TokenRow; successor: TokenRow }
  /** Return the token itself; write nothing. */
  | { kind: 'keep'; unused: TokenRow }
  /** Return the successor; the token stays unused until the successor is presented. */
  | { kind: 'offer'; unused: TokenRow; successor: TokenRow | null }
  /** Mark the token as used and return its successor. */
  | { kind: 'rotate'; unused: TokenRow; previousKeyDigest: string | null }

/**
 * The whole policy of the refresh chain, without side effects. The line numbers are those of the table in
 * `docs/refresh.md`; the first line that fits decides.
 */
export function decide(presented: Presentation): Decision {
  const { now, chain, endpoint, generation, accessToken } = presented

  // 0. Not a token of this endpoint, or not of this way to travel: a copy must not refresh where its owner would not notice.
  if (!chain || chain.kind !== endpoint || isCarriedOtherwise(presented, chain))
    return refused('unknown', 'invalid_refresh_token')

  // 1. The two tokens are of different pairs. Two tabs can hold them: this is not theft, even when the row is gone.
  if (accessToken === 'invalid') return refused('mismatched', 'invalid_access_token')
  if (accessToken === 'of_another') return refused('mismatched', 'invalid_refresh_token')

  const token = findToken(chain, generation)
  const successor = findToken(chain, generation + 1)

  // 2. The session ended or expired, or the user is disabled.
  if (chain.revoked_at) {
    const wasUsed = !token || token.used_at !== null
    const wasReused = chain.revoke_reason === 'reuse' && wasUsed
    const code = wasReused ? SESSION_KINDS[chain.kind].reuseRefusal : 'invalid_refresh_token'
    return refused('ended', code, chain.revoke_reason ?? undefined)
  }
  if (chain.expires_at <= now) return refused('ended', 'refresh_token_expired', 'expired')
  if (chain.disabled_at) return refused('ended', 'invalid_refresh_token', 'disabled')

  // 3. The MAC is genuine, but the database does not know the token: a restored backup or a failover lost it. If the secret
  // does not match, the chain has since been rotated differently, perhaps by a thief of an older token.
  if (isAheadOfDatabase(chain, generation, presented.digestMatches)) return { kind: 'rolled_back' }

  // 4. Used, and its successor was used too.
  if (!token || (token.used_at && (!successor || successor.used_at))) return { kind: 'reused', line: 'reused_old' }

  // 5. Used, its successor unused: the answer was lost, or a thief has the token.
  if (token.used_at && successor) {
    if (successor.token_expires_at <= now) return refused('expired', 'refresh_token_expired')
    const repeat = { kind: 'repeat', used: token, successor } as const
    if (isRetry(presented, token)) return { ...repeat, line: 'repeated_by_key' }
    if (isWithinWindow(presented, token.used_at)) return { ...repeat, line: 'repeated_in_window' }
    return { kind: 'reused', line: 'reused_late' }
  }

  // 6. Unused.
  if (token.token_expires_at <= now) return refused('expired', 'refresh_token_expired')
  if (isYoung(presented, token)) return { kind: 'keep', unused: token }
  if (generation === 0 && chain.rotation === 'adaptive') return { kind: 'offer', unused: token, successor }
  const previous = findToken(chain, generation - 1)
  return { kind: 'rotate', unused: token, previousKeyDigest: previous?.key_digest ?? previous?.attempt_digest ?? null }
}

function isRetry({ attemptDigests }: Presentation, token: TokenRow): boolean {
  return token.attempt_digest !== null && attemptDigests.includes(token.attempt_digest)
}

/** Twice the time that two requests of clients take together: `tabs-and-a-thief.test.ts` fails with less. */
const KEPT_SECONDS = 30

/**
 * Whether a token that tabs may share was handed out a moment ago. Tabs that refresh one after another then keep the same
 * token, and a late request finds its token's successor unused. The attempt counts because a token whose answer was lost
 * is old when it is handed out again.
 */
function isYoung({ endpoint, inCookie, attemptMadeAt, now }: Presentation, { token_created_at }: TokenRow): boolean {
  if (!SESSION_KINDS[endpoint].keepsYoungTokens || (!inCookie && attemptMadeAt === null)) return false
  const handedOutAt = attemptMadeAt !== null && attemptMadeAt > token_created_at ? attemptMadeAt : token_created_at
  return isYounger(handedOutAt, now, KEPT_SECONDS)
}

function isWithinWindow({ endpoint, now, replayWindowSeconds }: Presentation, usedAt: Date): boolean {
  return SESSION_KINDS[endpoint].hasReplayWindow && isYounger(usedAt, now, replayWindowSeconds)
}

const MAX_CLOCK_STEP_SECONDS = 60

/**
 * Whether a time is less than a window ago. A time that lies ahead by more than a minute is not: the clock was set back, and
 * used tokens would be good until it has caught up.
 */
function isYounger(time: Date, now: Date, windowSeconds: number): boolean {
  const ageSeconds = (now.getTime() - time.getTime()) / 1000
  return ageSeconds < windowSeconds && ageSeconds > -MAX_CLOCK_STEP_SECONDS
}

/**
 * Returns the times between which a token of a login must have been made to be kept; null where it never is, and `any` where
 * its attempt alone may keep it.
 */
export function keptIfMade({
  inCookie,
  attemptMadeAt,
  now,
}: Pick<Presentation, 'inCookie' | 'attemptMadeAt' | 'now'>): { after: Date; before: Date } | 'any' | null {
  if (!inCookie && attemptMadeAt === null) return null
  if (attemptMadeAt !== null && isYounger(attemptMadeAt, now, KEPT_SECONDS)) return 'any'
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)
  return { after: at(-KEPT_SECONDS), before: at(MAX_CLOCK_STEP_SECONDS) }
}

function isCarriedOtherwise({ inCookie }: Presentation, { token_carrier: carrier }: JudgedChain): boolean {
  return carrier !== null && carrier !== (inCookie ? 'cookie' : 'body')
}

function refused(line: RefreshLine, code: AuthErrorCode, endReason?: Refused['endReason']): Refused {
  return { kind: 'refused', line, code, ...(endReason && { endReason }) }
}
