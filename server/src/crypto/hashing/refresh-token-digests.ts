import { timingSafeEqual } from 'node:crypto'
import type { HashPool } from './hash-pool.ts'
import { sha256 } from './sha256.ts'

/** How the secret of a refresh token is stored. Both are safe: a secret is 224 random bits (OWASP ASVS 5, 6.5.2). */
export type TokenDigestAlgorithm = 'sha256' | 'bcrypt'

/** The lowest cost that bcrypt has: only guessable secrets need slow hashes. */
const BCRYPT_COST = 4

export interface RefreshTokenDigests {
  /** @throws {HashPoolFull} */
  digest(algorithm: TokenDigestAlgorithm, secret: string): Promise<string>
  /** @throws {HashPoolFull} */
  matches(algorithm: TokenDigestAlgorithm, secret: string, digest: string): Promise<boolean>
}

export function createRefreshTokenDigests(pool: HashPool): RefreshTokenDigests {
  return {
    // bcrypt gets only the 38 characters of the secret: it would not read the end of an 86-character token.
    digest: async (algorithm, secret) =>
      algorithm === 'sha256' ? sha256(secret) : pool.run({ kind: 'bcrypt', text: secret, cost: BCRYPT_COST }),
    matches: async (algorithm, secret, digest) =>
      algorithm === 'sha256'
        ? isEqual(sha256(secret), digest)
        : pool.run({ kind: 'bcryptMatches', text: secret, digest }),
  }
}

/** Compares in constant time. */
function isEqual(computed: string, stored: string): boolean {
  const [one, other] = [Buffer.from(computed), Buffer.from(stored)]
  return one.length === other.length && timingSafeEqual(one, other)
}
