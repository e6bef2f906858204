import type { TokenDigestAlgorithm } from '../../crypto/refresh-token-digests.ts'
import type { AuditKind } from '../../storage/notice/audit-events.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import type { AuthErrorCode } from '../context/auth-error.ts'

/** Everything in which one kind of session differs from another. */
export interface SessionKindRules {
  /** How the secrets of its refresh tokens are stored. */
  tokenDigest: TokenDigestAlgorithm
  /** Whether each refresh token is used up from the first on, whatever `REFRESH_TOKEN_ROTATION` says. */
  alwaysStrict: boolean
  /** Whether a used token is answered with its successor again within `REFRESH_REPLAY_WINDOW`. */
  hasReplayWindow: boolean
  /** Whether an access token belongs to one refresh token, and names it and the address it was issued to. */
  bindsAccessToken: boolean
  /** Whether a refresh from another network is audited and mailed. */
  tellsOfMoves: boolean
  /** The answer to a refresh token that was used before. */
  reuseRefusal: AuthErrorCode
  /** The audit event of its beginning. */
  opened: AuditKind
}

export const SESSION_KINDS: Record<SessionKind, SessionKindRules> = {
  login: {
    tokenDigest: 'sha256',
    alwaysStrict: false,
    hasReplayWindow: true,
    bindsAccessToken: false,
    tellsOfMoves: false,
    reuseRefusal: 'invalid_refresh_token',
    opened: 'login_succeeded',
  },
  // The contract of token pairs wants bcrypt, and a used token refused as used.
  pair: {
    tokenDigest: 'bcrypt',
    alwaysStrict: true,
    hasReplayWindow: false,
    bindsAccessToken: true,
    tellsOfMoves: true,
    reuseRefusal: 'refresh_token_used',
    opened: 'pair_issued',
  },
}
