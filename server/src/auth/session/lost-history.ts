import type { ChainRow } from '../../storage/session/refresh-tokens.ts'

/**
 * Whether a token with a genuine MAC is unknown to the database: its generation is above the newest row, or its secret
 * does not match the row of its generation. A restored backup or a failover has lost what came after.
 *
 * @param digestMatches null when the token's row is gone
 */
export function isAheadOfDatabase(
  chain: Pick<ChainRow, 'tokens'>,
  generation: number,
  digestMatches: boolean | null,
): boolean {
  const newest = Math.max(-1, ...chain.tokens.map((row) => row.generation))
  return generation > newest || digestMatches === false
}
