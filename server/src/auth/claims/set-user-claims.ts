import { replaceUserClaims } from '../../storage/account/user-claims.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { ClaimsRefused } from './claims-error.ts'
import { type Claims, judgeClaims } from './judge-claims.ts'

/**
 * Replaces all claims of a user. The next access token of each of their logins has them.
 *
 * @param input.claims a parsed JSON value
 * @throws {ClaimsRefused}
 */
export async function setUserClaims(
  ctx: Pick<Context, 'db' | 'now'>,
  { user, claims, origin }: { user: Pick<UserRow, 'id'>; claims: unknown; origin: Origin },
): Promise<{ claims: Claims; changed: boolean }> {
  const verdict = judgeClaims(claims)
  if (verdict.kind !== 'good') throw new ClaimsRefused(verdict)
  const now = ctx.now()
  const changed = await ctx.db.transaction(async (tx) => {
    if (!(await replaceUserClaims(tx, { id: user.id, claims: verdict.json, now }))) return false
    const details = { names: Object.keys(verdict.claims).join(' ') }
    await recordEvent(tx, { kind: 'claims_changed', userId: user.id, details }, origin, now)
    return true
  })
  return { claims: verdict.claims, changed }
}
