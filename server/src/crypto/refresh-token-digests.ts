import type { HashLane } from './hash-lane.ts'
import { sha256Digest, sha256Matches } from './refresh-token.ts'

/** `login` sessions store SHA-256 of a secret, `pair` sessions bcrypt, as their document promises. */
export type SessionKind = 'login' | 'pair'

/** The lowest cost bcrypt has: slow hashes protect guessable secrets, and this one is 224 random bits. */
const PAIR_COST = 4

export interface RefreshTokenDigests {
  /** @throws {LaneFull} */
  digest(kind: SessionKind, secret: string): Promise<string>
  /** @throws {LaneFull} */
  matches(kind: SessionKind, secret: string, digest: string): Promise<boolean>
}

export function createRefreshTokenDigests(lane: HashLane): RefreshTokenDigests {
  return {
    // bcrypt gets the 38 characters of the secret alone: of a whole 86-character token it would not read the end.
    digest: async (kind, secret) =>
      kind === 'login' ? sha256Digest(secret) : lane.run({ kind: 'bcrypt', text: secret, cost: PAIR_COST }),
    matches: async (kind, secret, digest) =>
      kind === 'login' ? sha256Matches(secret, digest) : lane.run({ kind: 'bcryptMatches', text: secret, digest }),
  }
}
