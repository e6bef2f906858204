import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/**
 * Replaces the claims of a user.
 *
 * @param change.claims a JSON object
 * @returns false if there is no such user, or they have these claims already
 */
export async function replaceUserClaims(
  tx: Queries,
  change: { id: number; claims: string; now: Date },
): Promise<boolean> {
  const rows = await tx.query(sql`
    update users set claims = ${change.claims}, updated_at = ${change.now}
    where id = ${change.id} and claims <> ${change.claims} returning id`)
  return rows.length === 1
}
