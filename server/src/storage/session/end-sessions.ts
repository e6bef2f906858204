import sql, { type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { recordEndings } from '../revocation/record-endings.ts'
import type { RevokeReason } from './revoke-reason.ts'

interface SessionEnd {
  reason: RevokeReason
  now: Date
}

/** Ends sessions that have not ended before, records that, and returns their ids: the only way in which one ends early. */
export async function endSessionsWhere(tx: Queries, condition: Sql, end: SessionEnd): Promise<string[]> {
  const rows = await recordEndings(tx, endSessions(condition, end), { kind: 'session', at: end.now })
  if (rows.length > 0) tx.tell?.({ what: 'sessions_ended', reason: end.reason, sessions: rows.length })
  return rows.map(({ ended }) => ended)
}

/** The statement for {@link recordEndings}. */
export function endSessions(condition: Sql, { reason, now }: SessionEnd): Sql {
  return sql`
    update sessions set revoked_at = ${now}, revoke_reason = ${reason}
    where ${condition} and revoked_at is null returning id as ended, 0 as version`
}
