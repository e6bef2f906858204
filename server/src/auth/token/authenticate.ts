import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import type { CounterLabels } from '../../observe/metric-definitions.ts'
import { NO_METRICS } from '../../observe/metrics.ts'
import { findActiveSession } from '../../storage/session/sessions.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'

/**
 * Identifies the caller by an access token.
 *
 * @returns null unless the token is valid and its session is active
 */
export async function authenticate(
  ctx: TokenContext & Pick<Context, 'metrics'>,
  accessToken: string,
): Promise<Caller | null> {
  const found = await findActiveToken(ctx, accessToken)
  if (!found) return null
  ctx.metrics.count('tessera_key_uses_total', { purpose: 'access', position: `${found.token.position}` })
  const { authenticated_at: authenticatedAt, amr, ...profile } = found.session
  const { id: userId, guid, role } = profile
  const { sid: sessionId } = found.token.claims
  return { userId, guid, role, sessionId, authenticatedAt, methods: amr.split(' '), profile }
}

type TokenContext = Pick<Context, 'db' | 'tokens' | 'now'>

/**
 * Finds the session of an access token. One statement reads session and user each time: a logout, a deletion or a changed
 * role takes effect at once, although the token itself is valid until it expires.
 *
 * @returns null unless the token is valid, its session active and its user enabled
 */
export async function findActiveToken(ctx: TokenContext, accessToken: string) {
  const now = ctx.now()
  const token = await ctx.tokens.access.verify(accessToken, { now })
  if (!token) return null
  const { sid: id, sub: userGuid } = token.claims
  const session = await findActiveSession(ctx.db, { id, kind: token.kind, userGuid, now })
  return session && { token, session }
}

/** Counts an access token that was refused, or is missing, by the reason. */
export async function countRefusedToken(
  ctx: Pick<Context, 'tokens' | 'now' | 'metrics'>,
  accessToken: string | null,
): Promise<void> {
  if (ctx.metrics === NO_METRICS) return
  const count = (reason: CounterLabels<'tessera_tokens_refused_total'>['reason']) =>
    ctx.metrics.count('tessera_tokens_refused_total', { reason })
  if (accessToken === null) return count('absent')
  if (readRefreshToken(ctx.tokens.refreshKeys, accessToken)) return count('wrong_kind')
  count((await ctx.tokens.access.explain(accessToken, ctx.now())) ?? 'ended')
}
