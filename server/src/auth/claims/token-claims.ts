import type { Context } from '../context/context.ts'
import { claimsSentence } from './claims-error.ts'
import { type Claims, judgeClaims } from './judge-claims.ts'
import { mergeClaims, parseClaims } from './merge-claims.ts'

/** The claims of a token's user and session as they are stored. */
export interface StoredClaims {
  user_claims: string
  session_claims: string
}

const NO_CLAIMS: Claims = {}

/**
 * Returns the claims that an access token carries. They were judged when they were written, and are judged again: a user's
 * may have grown since a session's were, and a database can be edited. What does not pass is left out, the session's first;
 * no login and no refresh is refused for it.
 */
export function tokenClaims(
  { log }: Pick<Context, 'log'>,
  { user_claims, session_claims }: StoredClaims,
  sessionId: string,
): Claims {
  if (user_claims === '{}' && session_claims === '{}') return NO_CLAIMS
  const merged = judgeStored(() => mergeClaims(parseClaims(user_claims), parseClaims(session_claims)))
  if (typeof merged !== 'string') return merged
  const ofUser = session_claims === '{}' ? merged : judgeStored(() => parseClaims(user_claims))
  const leftOut = typeof ofUser === 'string' ? 'all' : 'session'
  log.error({ sessionId, leftOut, reason: `claims ${merged}` }, 'claims were left out of an access token')
  return typeof ofUser === 'string' ? NO_CLAIMS : ofUser
}

/** Returns the claims, or what is wrong with them. */
function judgeStored(read: () => Claims): Claims | string {
  try {
    const verdict = judgeClaims(read())
    return verdict.kind === 'good' ? verdict.claims : claimsSentence(verdict)
  } catch {
    return 'are not JSON'
  }
}
