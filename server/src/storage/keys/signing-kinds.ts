import sql from 'sql-template-tag'
import type { Queries, Transaction } from '../database/database.ts'

/** The kinds of keys that sign logins: the shared secret, key pairs of an algorithm in the database, or those in files. */
export type SigningKind = 'HS256' | 'ES256' | 'EdDSA' | 'RS256' | 'file'

export interface SigningKindRow {
  kind: SigningKind
  /** When another kind replaced it; null while it signs. */
  ended_at: Date | null
}

/** Returns the kinds that have signed logins since key pairs first did: none if they never have. */
export function findSigningKinds(db: Queries): Promise<SigningKindRow[]> {
  return db.query<SigningKindRow>(sql`select kind, ended_at from signing_kinds order by kind`)
}

/** Records that a kind signs from now on, and that every other kind has ended. */
export async function beginSigningKind(tx: Transaction, kind: SigningKind, now: Date): Promise<void> {
  await tx.query(sql`
    insert into signing_kinds (kind, ended_at) values (${kind}, null)
    on conflict (kind) do update set ended_at = null returning kind`)
  // The secret signed before the first key pair did.
  if (kind !== 'HS256')
    await tx.query(sql`
      insert into signing_kinds (kind, ended_at) values (${'HS256'}, ${now}) on conflict do nothing returning kind`)
  await tx.query(sql`
    update signing_kinds set ended_at = ${now} where kind <> ${kind} and ended_at is null returning kind`)
}
