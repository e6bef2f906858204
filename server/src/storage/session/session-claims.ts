import sql from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'
import { isActive } from './session-epoch.ts'

/** The user of a session that can have claims, and the user's own. */
export interface ClaimedSession {
  user_id: number
  user_claims: string
}

/**
 * Finds the user of an active login, and locks the user's row until the transaction ends: their own claims do not change
 * meanwhile. Refreshes pass.
 */
export async function lockUserOfSession(
  tx: Queries,
  session: { id: string; now: Date },
): Promise<ClaimedSession | null> {
  const rows = await tx.query<ClaimedSession>(sql`
    select u.id as user_id, u.claims as user_claims from users u join sessions s on s.user_id = u.id
    where s.id = ${session.id} and s.kind = 'login' and u.disabled_at is null
      and ${isActive(session.now)} ${lockClause(tx, 'for no key update of u')}`)
  return rows[0] ?? null
}

/**
 * Replaces the claims of an active session, whose user is locked.
 *
 * @param change.claims a JSON object
 * @returns whether the session is active, and whether its claims differed
 */
export async function replaceSessionClaims(
  tx: Queries,
  change: { id: string; claims: string; now: Date },
): Promise<'changed' | 'same' | 'ended'> {
  const active = sql`id = ${change.id} and ${isActive(change.now)}`
  const changed = await tx.query(sql`
    update sessions set claims = ${change.claims} where ${active} and claims <> ${change.claims} returning id`)
  if (changed.length === 1) return 'changed'
  return (await tx.query(sql`select id from sessions where ${active}`)).length === 1 ? 'same' : 'ended'
}

/** Finds the claims of a session and of its user; null if there is no such session. */
export async function findClaims(
  db: Queries,
  sessionId: string,
): Promise<{ user_claims: string; session_claims: string } | null> {
  const rows = await db.query<{ user_claims: string; session_claims: string }>(sql`
    select u.claims as user_claims, s.claims as session_claims from sessions s join users u on u.id = s.user_id
    where s.id = ${sessionId}`)
  return rows[0] ?? null
}
