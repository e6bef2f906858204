import type { TokenDigestAlgorithm } from '../../crypto/hashing/refresh-token-digests.ts'
import type { AuditKind } from '../../storage/notice/audit-kinds.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { AuthErrorCode } from '../context/auth-error.ts'

/** The rules in which kinds of sessions differ. */
interface SessionKindRules {
  /** How the secrets of its refresh tokens are stored. */
  tokenDigest: TokenDigestAlgorithm
  /** Whether even the first refresh token is rotated, regardless of `REFRESH_TOKEN_ROTATION`. */
  alwaysStrict: boolean
  /** Whether a used token returns its successor again within `REFRESH_REPLAY_WINDOW`. */
  hasReplayWindow: boolean
  /** Whether a token that was handed out a moment ago is kept, for clients that share it between tabs. */
  keepsYoungTokens: boolean
  /** Whether an access token is bound to one refresh token, and names it and the address that it was issued to. */
  bindsAccessToken: boolean
  /** Whether an access token tells how the user authenticated, and carries the claims of operators. */
  carriesClaims: boolean
  /** Whether a refresh from another network is audited and mailed. */
  reportsNetworkChange: boolean
  /** The error code for a refresh token that was used before. */
  reuseRefusal: AuthErrorCode
  /** The audit event of a new session. */
  openedEvent: AuditKind
}

export const SESSION_KINDS: Record<SessionKind, SessionKindRules> = {
  login: {
    tokenDigest: 'sha256',
    alwaysStrict: false,
    hasReplayWindow: true,
    keepsYoungTokens: true,
    bindsAccessToken: false,
    carriesClaims: true,
    reportsNetworkChange: false,
    reuseRefusal: 'invalid_refresh_token',
    openedEvent: 'login_succeeded',
  },
  // The `token-pairs` contract requires bcrypt, an error of its own for a used token, and no more claims.
  pair: {
    tokenDigest: 'bcrypt',
    alwaysStrict: true,
    hasReplayWindow: false,
    keepsYoungTokens: false,
    bindsAccessToken: true,
    carriesClaims: false,
    reportsNetworkChange: true,
    reuseRefusal: 'refresh_token_used',
    openedEvent: 'pair_issued',
  },
}
