import { findUndoTokens, type OneTimeToken } from '../../storage/account/one-time-tokens.ts'
import type { Queries } from '../../storage/database/database.ts'

/** The place of a change among those of its user that can be undone. Unlike a clock, it never moves back. */
export function placeOf({ data }: Pick<OneTimeToken, 'data'>): number {
  return Number(data['place'] ?? 0)
}

/** The place of the next change. The user is locked. */
export async function nextPlace(tx: Queries, userId: number, now: Date): Promise<number> {
  const open = await findUndoTokens(tx, userId, now)
  return Math.max(0, ...open.map(placeOf)) + 1
}

/** Returns the changes before one that can be undone, oldest first, and those after it. The user is locked. */
export async function changesAround(
  tx: Queries,
  { token, userId, now }: { token: OneTimeToken; userId: number; now: Date },
): Promise<{ older: OneTimeToken[]; later: OneTimeToken[] }> {
  const open = (await findUndoTokens(tx, userId, now)).toSorted((a, b) => placeOf(a) - placeOf(b))
  return {
    older: open.filter((other) => placeOf(other) < placeOf(token)),
    later: open.filter((other) => placeOf(other) > placeOf(token)),
  }
}
