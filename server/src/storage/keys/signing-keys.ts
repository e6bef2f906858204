import sql, { raw } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/** A key pair of the installation. Its state follows from its times. */
export interface SigningKeyRow {
  /** The thumbprint of the public half (RFC 7638). */
  kid: string
  algorithm: 'ES256' | 'EdDSA' | 'RS256'
  /** Counts the keys of the algorithm. */
  sequence: number
  /** The public half as JSON. */
  public_jwk: string
  /** The private half, sealed. */
  private_key: string
  /** The id of the key that it is sealed under. */
  sealed_by: string
  /** When it signs; null while no time is fixed. */
  signs_from_at: Date | null
  retired_at: Date | null
  /** When its tokens were refused for good. */
  refused_at: Date | null
  created_at: Date
}

export type NewSigningKey = Omit<SigningKeyRow, 'retired_at' | 'refused_at' | 'created_at'>

const columns = raw(
  'kid, algorithm, sequence, public_jwk, private_key, sealed_by, signs_from as signs_from_at, retired_at, refused_at, created_at',
)

/** Returns every key that ever was, the oldest of each algorithm first. */
export function findSigningKeys(db: Queries): Promise<SigningKeyRow[]> {
  return db.query<SigningKeyRow>(sql`select ${columns} from signing_keys order by algorithm, sequence`)
}

/** Returns false if the algorithm has a key of this sequence already: another replica was quicker. */
export async function insertSigningKey(db: Queries, key: NewSigningKey, now: Date): Promise<boolean> {
  const inserted = await db.query(sql`
    insert into signing_keys (kid, algorithm, sequence, public_jwk, private_key, sealed_by, signs_from, created_at)
    values (${key.kid}, ${key.algorithm}, ${key.sequence}, ${key.public_jwk}, ${key.private_key}, ${key.sealed_by},
      ${key.signs_from_at}, ${now})
    on conflict do nothing returning kid`)
  return inserted.length > 0
}

/** Returns the keys that are sealed under another key than the named one. */
export function findSealedOtherwise(db: Queries, sealedBy: string): Promise<SigningKeyRow[]> {
  return db.query<SigningKeyRow>(sql`select ${columns} from signing_keys where sealed_by <> ${sealedBy}`)
}
