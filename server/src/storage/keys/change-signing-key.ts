import sql from 'sql-template-tag'
import type { Queries, Transaction } from '../database/database.ts'
import { recordEndings } from '../revocation/record-endings.ts'
import type { SigningKeyRow } from './signing-keys.ts'

/**
 * Fixes when a key signs, unless it has begun to.
 *
 * @returns false if it signs already, is retired, or is gone
 */
export async function scheduleSigningKey(
  db: Queries,
  kid: string,
  signsFrom: Date | null,
  now: Date,
): Promise<boolean> {
  const changed = await db.query(sql`
    update signing_keys set signs_from = ${signsFrom}
    where kid = ${kid} and retired_at is null and (signs_from is null or signs_from > ${now}) returning kid`)
  return changed.length > 0
}

/** Retires a key: it signs no more. Returns false if it was retired before. */
export async function retireSigningKey(db: Queries, kid: string, now: Date): Promise<boolean> {
  const changed = await db.query(sql`
    update signing_keys set retired_at = ${now} where kid = ${kid} and retired_at is null returning kid`)
  return changed.length > 0
}

/** Refuses a key: it neither signs nor verifies, which is an ending. Returns false if it was refused before, or is unknown. */
export async function refuseSigningKey(tx: Transaction, kid: string, now: Date): Promise<boolean> {
  const refusal = sql`
    update signing_keys set retired_at = coalesce(retired_at, ${now}), refused_at = ${now}
    where kid = ${kid} and refused_at is null returning kid as ended, 0 as version`
  return (await recordEndings(tx, refusal, { kind: 'key', at: now })).length > 0
}

/** Stores a private half that was sealed again, unless another replica has done so. */
export async function storeSealed(
  db: Queries,
  { kid, sealed_by }: Pick<SigningKeyRow, 'kid' | 'sealed_by'>,
  sealed: Pick<SigningKeyRow, 'private_key' | 'sealed_by'>,
): Promise<void> {
  await db.query(sql`
    update signing_keys set private_key = ${sealed.private_key}, sealed_by = ${sealed.sealed_by}
    where kid = ${kid} and sealed_by = ${sealed_by} returning kid`)
}
