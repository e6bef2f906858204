import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { voidTokens } from './users.ts'

/**
 * Replaces the claims of a user: tokens with the others are void.
 *
 * @param change.claims a JSON object
 * @returns false if there is no such user, or they have these claims already
 */
export function replaceUserClaims(
  tx: Queries,
  { id, claims, now }: { id: number; claims: string; now: Date },
): Promise<boolean> {
  return voidTokens(tx, sql`claims = ${claims}`, sql`id = ${id} and claims <> ${claims}`, now)
}
