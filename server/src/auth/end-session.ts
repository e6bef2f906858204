import { setTimeout as sleep } from 'node:timers/promises'
import { insertAuditEvent, type NewAuditEvent } from '../storage/audit-events.ts'
import { insertMail } from '../storage/outbox.ts'
import { deleteTokensOfSession } from '../storage/refresh-tokens.ts'
import { revokeNextSessions, revokeSession, revokeSessionsOfUser } from '../storage/sessions.ts'
import { keepUser, queueForUser } from '../storage/users.ts'
import type { Context, Origin } from './context.ts'
import { mayBeMailed } from './mail-cap.ts'

export interface SessionEnd {
  session: { id: string; userId: number }
  reason: 'logout' | 'reuse' | 'rolled_back' | 'operator'
  /** Of the refresh token that was presented, if one was. */
  generation: number | null
  origin: Origin
  now: Date
}

const AUDITED_AS: Record<SessionEnd['reason'], NewAuditEvent['kind']> = {
  logout: 'logout',
  reuse: 'refresh_token_reused',
  rolled_back: 'history_lost',
  operator: 'session_ended',
}

/**
 * Ends a session and no other: from the commit on, nothing of it is good for anything. Audited, and told the person if it
 * was reuse, by the one call that ended it; three times an hour at most.
 *
 * @returns false when it had ended before
 */
export function endSession(
  ctx: Pick<Context, 'db'>,
  { session, reason, generation, origin, now }: SessionEnd,
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    // Parallel reuses count each other's mails.
    if (reason === 'reuse') await queueForUser(tx, session.userId)
    else await keepUser(tx, session.userId)
    if (!(await revokeSession(tx, { id: session.id, reason, now }))) return false
    // After a reuse the rows stay until the session's absolute end, so that each token still gets its own answer.
    if (reason === 'logout' || reason === 'operator') await deleteTokensOfSession(tx, session.id)
    const where = { user_id: session.userId, session_id: session.id, ip: origin.ip, user_agent: origin.userAgent }
    await insertAuditEvent(
      tx,
      { kind: AUDITED_AS[reason], ...where, details: generation === null ? {} : { generation } },
      now,
    )
    const kind = 'refresh_token_reused'
    if (reason === 'reuse' && (await mayBeMailed(tx, { userId: session.userId, kind, now }))) {
      const data = { session_id: session.id, ip: origin.ip, user_agent: origin.userAgent, at: now.toISOString() }
      const dedupe_key = `refresh_token_reused:${session.id}`
      await insertMail(tx, { user_id: session.userId, kind, data, dedupe_key }, now)
    }
    return true
  })
}

/** Ends every living session of a person, for whoever runs the server; returns how many there were. */
export function endSessionsOfUser(
  ctx: Pick<Context, 'db' | 'now'>,
  { userId, origin }: { userId: number; origin: Origin },
): Promise<number> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    // Logins that are under way are waited for: their sessions end too.
    await queueForUser(tx, userId)
    const ended = await revokeSessionsOfUser(tx, { userId, reason: 'operator', now })
    const who = { user_id: userId, ip: origin.ip, user_agent: origin.userAgent }
    if (ended > 0) await insertAuditEvent(tx, { kind: 'session_ended', ...who, details: { sessions: ended } }, now)
    return ended
  })
}

/** Before any that there is. */
const FIRST_SESSION_ID = '00000000-0000-0000-0000-000000000000'
const BATCH = 500
/** Between batches, so that servers on the same SQLite file get their turn. */
const PAUSE_MILLISECONDS = 20

/**
 * Ends every session that has begun by now, for whoever restored a backup: sessions that had ended since then would live
 * again. In batches, each audited with what it ended, beside running servers.
 */
export async function endEverySession(
  ctx: Pick<Context, 'db' | 'now'>,
  { origin }: { origin: Origin },
): Promise<number> {
  const now = ctx.now()
  const who = { user_id: null, ip: origin.ip, user_agent: origin.userAgent }
  let [ended, after] = [0, FIRST_SESSION_ID]
  for (;;) {
    const ids = await ctx.db.transaction(async (tx) => {
      const batch = await revokeNextSessions(tx, { reason: 'operator', now, after, most: BATCH })
      const details = { sessions: batch.length }
      if (batch.length > 0) await insertAuditEvent(tx, { kind: 'session_ended', ...who, details }, now)
      return batch
    })
    const last = ids.toSorted().at(-1)
    if (last === undefined) return ended
    ended += ids.length
    after = last
    await sleep(PAUSE_MILLISECONDS)
  }
}
