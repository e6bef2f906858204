import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/** How many mails wait, and for how long. */
export interface OutboxFigures {
  /** Mails that are to be sent, by their kind. */
  waiting: { kind: string; mails: number }[]
  /** Those of them whose time has come. */
  due: number
  failed: number
  /** When the oldest mail that is due became due; null for none. */
  dueSince: Date | null
}

/** Reads only mails that were not sent, by their indexes. */
export async function readOutboxFigures(db: Queries, now: Date): Promise<OutboxFigures> {
  const waiting = await db.query<{ kind: string; mails: number }>(sql`
    select kind, count(*) as mails from outbox where sent_at is null and failed_at is null group by kind`)
  const [due] = await db.query<{ mails: number; oldest_at: Date | null }>(sql`
    select count(*) as mails, min(next_attempt_at) as oldest_at from outbox
    where sent_at is null and failed_at is null and next_attempt_at <= ${now}`)
  const [failed] = await db.query<{ mails: number }>(sql`
    select count(*) as mails from outbox where failed_at is not null`)
  return {
    waiting: waiting.map(({ kind, mails }) => ({ kind, mails: Number(mails) })),
    due: Number(due?.mails ?? 0),
    failed: Number(failed?.mails ?? 0),
    dueSince: due?.oldest_at ?? null,
  }
}
