import { isCodeOf, isLinkOf, readLinkId } from '../../crypto/tokens/one-time-secrets.ts'
import { findOpenToken, type OneTimeToken, type Purpose, takeAttempt } from '../../storage/account/one-time-tokens.ts'
import type { Context } from '../context/context.ts'

/**
 * Finds the open token of a link out of a mail. Nothing is used up; null is the one answer for a link that is altered,
 * used, expired, unknown, or of another purpose.
 */
export async function findLink(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { link, purpose }: { link: string; purpose: Purpose },
): Promise<OneTimeToken | null> {
  const id = readLinkId(link)
  const token = id === null ? null : await findOpenToken(ctx.db, id, ctx.now())
  if (!token || token.purpose !== purpose) return null
  return isLinkOf(ctx.tokens.refreshKeys, token, link) ? token : null
}

/** `wasOpen` is false where no attempt was left, or the token was used or has ended: nothing was compared. */
type TriedCode = { matches: true; token: OneTimeToken } | { matches: false; wasOpen: boolean; attemptsLeft: number }

/** Tries a code. The attempt is taken before the code is compared, so that parallel guesses are no more than the limit. */
export async function tryCode(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { id, typed }: { id: string; typed: string },
): Promise<TriedCode> {
  const token = await takeAttempt(ctx.db, id, ctx.now())
  if (!token) return { matches: false, wasOpen: false, attemptsLeft: 0 }
  return isCodeOf(ctx.tokens.refreshKeys, token, typed)
    ? { matches: true, token }
    : { matches: false, wasOpen: true, attemptsLeft: token.attempts_left }
}
