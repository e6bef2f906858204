import { lockUserOfSession, replaceSessionClaims } from '../../storage/session/session-claims.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { ClaimsRefused } from './claims-error.ts'
import { type Claims, judgeClaims } from './judge-claims.ts'
import { mergeClaims, parseClaims } from './merge-claims.ts'

/**
 * Replaces all claims of a login's session. Together with those of its user, they must fit into a token.
 *
 * @param input.sessionId a UUID
 * @param input.claims a parsed JSON value
 * @returns null unless there is such a session and it is active; pairs have no claims
 * @throws {ClaimsRefused}
 */
export async function setSessionClaims(
  ctx: Pick<Context, 'db' | 'now'>,
  { sessionId, claims, origin }: { sessionId: string; claims: unknown; origin: Origin },
): Promise<Claims | null> {
  const verdict = judgeClaims(claims)
  if (verdict.kind !== 'good') throw new ClaimsRefused(verdict)
  const now = ctx.now()
  const outcome = await ctx.db.transaction(async (tx) => {
    const session = await lockUserOfSession(tx, { id: sessionId, now })
    if (!session) return 'ended'
    const merged = judgeClaims(mergeClaims(parseClaims(session.user_claims), verdict.claims))
    // Only the size can differ: each part was judged. A session that is cleared always fits.
    if (merged.kind === 'too_large' && verdict.json !== '{}') return merged
    const replaced = await replaceSessionClaims(tx, { id: sessionId, claims: verdict.json, now })
    if (replaced !== 'changed') return replaced
    const details = { names: Object.keys(verdict.claims).join(' ') }
    await recordEvent(tx, { kind: 'claims_changed', userId: session.user_id, sessionId, details }, origin, now)
    return replaced
  })
  if (typeof outcome === 'object') throw new ClaimsRefused(outcome)
  return outcome === 'ended' ? null : verdict.claims
}
