import sql, { raw, type Sql } from 'sql-template-tag'
import { lockClause, type Queries } from './database.ts'

interface AccessTokens {
  /** The longest life of one that is still good. */
  lifetimeSeconds: number
}

type AuditTable = 'audit_events' | 'audit_events_legacy' | `audit_events_${'short' | 'normal' | 'long'}_rest`

export interface ExpiringTable {
  name:
    | 'outbox'
    | 'written_mails'
    | 'rate_limits'
    | 'sessions'
    | 'one_time_tokens'
    | 'address_holds'
    | 'endings'
    | AuditTable
  /** The name under which its deleted rows are counted, if it is not its own. */
  counted?: string
  primaryKey: 'id' | 'key' | 'email'
  /** Returns the condition of expired rows. */
  expired: (now: Date, accessTokens: AccessTokens) => Sql
}

const DAY_MILLISECONDS = 86_400_000
const MAILS_KEPT_MILLISECONDS = 30 * DAY_MILLISECONDS
/** How long the time of a mail to a mailbox is kept: the span in which the mails to it are counted. */
export const WRITTEN_MAILS_MILLISECONDS = 3_600_000

const ENDINGS_MARGIN_SECONDS = 120

/**
 * Every table that is cleaned up, but for the audit. A session is kept until its absolute end, so that each of its tokens, however old, is
 * recognised until then; its tokens are deleted with it (`on delete cascade`). Mails are kept for thirty days, sent or not;
 * one-time tokens for a day after their use or their end; endings as long as a token of what ended could live.
 */
export const EXPIRING_TABLES: readonly ExpiringTable[] = [
  { name: 'rate_limits', primaryKey: 'key', expired: (now) => sql`expires_at <= ${now}` },
  { name: 'outbox', primaryKey: 'id', expired: (now) => sql`created_at <= ${before(now, MAILS_KEPT_MILLISECONDS)}` },
  {
    name: 'written_mails',
    primaryKey: 'id',
    expired: (now) => sql`created_at <= ${before(now, WRITTEN_MAILS_MILLISECONDS)}`,
  },
  { name: 'one_time_tokens', primaryKey: 'id', expired: (now) => sql`expires_at <= ${before(now, DAY_MILLISECONDS)}` },
  { name: 'address_holds', primaryKey: 'email', expired: (now) => sql`expires_at <= ${now}` },
  {
    name: 'endings',
    primaryKey: 'id',
    // Longer than the list has them, so that no reader of the list finds fewer than another. Refused keys are listed for a day.
    expired: (now, { lifetimeSeconds }) => sql`
      at <= ${before(now, (lifetimeSeconds + ENDINGS_MARGIN_SECONDS) * 1000)}
      and (kind <> 'key' or at <= ${before(now, DAY_MILLISECONDS + ENDINGS_MARGIN_SECONDS * 1000)})`,
  },
  { name: 'sessions', primaryKey: 'id', expired: (now) => sql`expires_at <= ${now}` },
]

/**
 * Deletes expired rows of a table, up to a limit, and returns their number. Replicas may do so at the same time: each
 * skips the rows that another has locked.
 */
export async function deleteExpiredRows(
  db: Queries,
  { name, primaryKey, expired }: ExpiringTable,
  { now, limit, accessTokens }: { now: Date; limit: number; accessTokens: AccessTokens },
): Promise<number> {
  const [table, key] = [raw(name), raw(primaryKey)] // constants, by their types
  const skip = lockClause(db, 'for update skip locked')
  const rows = await db.query(sql`
    delete from ${table} where ${key} in (select ${key} from ${table} where ${expired(now, accessTokens)} limit ${limit} ${skip})
    returning ${key}`)
  return rows.length
}

function before(now: Date, milliseconds: number): Date {
  return new Date(now.getTime() - milliseconds)
}
