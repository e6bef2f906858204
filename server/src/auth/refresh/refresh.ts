import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import type { IssuedTokens } from '../session/issued-tokens.ts'
import { issueSuccessor } from './issue-successor.ts'
import { advanceChain } from './refresh-chain.ts'
import type { Refused } from './refresh-policy.ts'

export interface RefreshInput {
  refreshToken: string
  /** Whether the token came in a cookie. */
  inCookie: boolean
  /** The text behind the token in its cookie. */
  cookieAttempt: string | null
  idempotencyKey: string | null
  client: Client
}

/**
 * Refreshes a `login` session (RFC 6749, 6, with the rotation of RFC 9700, 4.14.2).
 *
 * @throws {AuthError} `invalid_refresh_token`, `refresh_token_expired`; `session_ended` with the reason is in its details
 */
export async function refresh(ctx: Context, input: RefreshInput): Promise<IssuedTokens> {
  const outcome = await advanceChain(ctx, { ...input, endpoint: 'login', compareAccessToken: () => 'not_needed' })
  ctx.note({ outcome: outcome.line ?? 'rotated' })
  if (outcome.kind === 'refused') throw refusal(outcome)
  return issueSuccessor(ctx, outcome)
}

/** Tells the client of an ended session why it was signed out. */
function refusal({ code, endReason }: Refused): AuthError {
  return new AuthError(code, endReason === undefined ? {} : { code: 'session_ended', reason: endReason })
}
