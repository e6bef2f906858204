import type { ChainRow } from '../../storage/session/refresh-tokens.ts'

/**
 * Whether the database has forgotten a token that is genuine by its MAC: it is of a generation that was never made there,
 * or its secret does not fit the row of its generation. A restored backup or a failover lost what came after.
 *
 * @param digestMatches null when the token's row is gone
 */
export function isAheadOfDatabase(chain: ChainRow, generation: number, digestMatches: boolean | null): boolean {
  const newest = Math.max(-1, ...chain.tokens.map((row) => row.generation))
  return generation > newest || digestMatches === false
}
