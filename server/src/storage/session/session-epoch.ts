import sql, { type Sql } from 'sql-template-tag'
import type { Transaction } from '../database/database.ts'
import { writeFact } from '../database/installation.ts'
import { recordEpoch } from '../revocation/record-endings.ts'
import type { RevokeReason } from './revoke-reason.ts'

const EPOCH = 'session_epoch'
const EPOCH_AT = 'session_epoch_at'

/**
 * The number of the current epoch. It is a counter and not a time, because the clocks of replicas and of restored databases
 * differ: a session is active only while its own number is the current one.
 */
export const currentEpoch = sql`(select cast(value as integer) from installation where name = ${EPOCH})`

/** The condition that a session is active: not ended, before its absolute end, and of the current epoch. */
export function isActive(now: Date | Sql): Sql {
  return sql`revoked_at is null and expires_at > ${now} and epoch = ${currentEpoch}`
}

/** The time at which a session's epoch ended, as text; null while it lasts. The session has the alias `s`. */
export const epochEndColumn = sql`case when s.epoch <> ${currentEpoch}
  then (select value from installation where name = ${EPOCH_AT}) end as epoch_ended_at`

interface SessionEnd {
  revoked_at: Date | null
  revoke_reason: RevokeReason | null
}

/** Gives a session whose epoch has ended the end that an operator gave it, unless it had ended before. */
export function endWithEpoch<Row extends SessionEnd & { epoch_ended_at: string | null }>(
  row: Row,
): Omit<Row, 'epoch_ended_at'> {
  const { epoch_ended_at: epochEndedAt, ...session } = row
  if (epochEndedAt === null || row.revoked_at !== null) return session
  return { ...session, revoked_at: new Date(epochEndedAt), revoke_reason: 'operator' }
}

/** Ends every session at once, and those of logins that are under way. */
export async function raiseSessionEpoch(tx: Transaction, now: Date): Promise<void> {
  await tx.query(sql`
    update installation set value = cast(cast(value as integer) + 1 as text) where name = ${EPOCH} returning name`)
  await writeFact(tx, EPOCH_AT, now.toISOString())
  await recordEpoch(tx, now)
}
