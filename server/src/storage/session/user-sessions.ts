import sql, { empty } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { endSessionsWhere } from './end-sessions.ts'
import type { RevokeReason } from './revoke-reason.ts'
import { endWithEpoch, epochEndColumn, isActive } from './session-epoch.ts'
import { lockedInOrder } from './session-locks.ts'
import type { SessionKind } from './sessions.ts'

/** A session as its user sees it. */
export interface UserSession {
  id: string
  kind: SessionKind
  ip: string
  user_agent: string | null
  amr: string
  authenticated_at: Date
  created_at: Date
  refreshed_at: Date | null
  expires_at: Date
  revoked_at: Date | null
  revoke_reason: RevokeReason | null
  /** The newest generation of its refresh token; null when its tokens were deleted with its end. */
  refreshes: number | null
}

const columns = sql`s.id, s.kind, s.ip, s.user_agent, s.amr, s.auth_time as authenticated_at, s.created_at,
  s.refreshed_at, s.expires_at, s.revoked_at, s.revoke_reason, ${epochEndColumn},
  (select max(t.generation) from refresh_tokens t where t.session_id = s.id) as refreshes`

/** Returns the active sessions of a user, the one that was used last first. */
export async function findActiveSessionsOfUser(
  db: Queries,
  { userId, now, limit }: { userId: number; now: Date; limit: number },
): Promise<UserSession[]> {
  const rows = await db.query<UserSession & { epoch_ended_at: string | null }>(sql`
    select ${columns} from sessions s
    where s.user_id = ${userId} and ${isActive(now)}
    order by coalesce(s.refreshed_at, s.created_at) desc, s.id desc limit ${limit}`)
  return rows.map(endWithEpoch)
}

/** Finds a session of a user, ended or not. */
export async function findSessionOfUser(
  db: Queries,
  { id, userId }: { id: string; userId: number },
): Promise<UserSession | null> {
  const rows = await db.query<UserSession & { epoch_ended_at: string | null }>(sql`
    select ${columns} from sessions s where s.id = ${id} and s.user_id = ${userId}`)
  return rows[0] ? endWithEpoch(rows[0]) : null
}

/** Ends active sessions of a user, whose row is locked; returns their ids. */
export function revokeActiveSessionsOfUser(
  tx: Queries,
  sessions: {
    userId: number
    reason: RevokeReason
    now: Date
    except?: string | null
    kind?: SessionKind | null
  },
): Promise<string[]> {
  const { userId, reason, now, except = null, kind = null } = sessions
  const active = sql`
    user_id = ${userId} and ${isActive(now)}
      ${except === null ? empty : sql`and id <> ${except}`} ${kind === null ? empty : sql`and kind = ${kind}`}`
  return endSessionsWhere(tx, sql`id in (${lockedInOrder(tx, active)})`, { reason, now })
}

/** Whether a session of a user is active. */
export async function isSessionActive(
  tx: Queries,
  { id, userId, now }: { id: string; userId: number; now: Date },
): Promise<boolean> {
  const rows = await tx.query(sql`
    select id from sessions
    where id = ${id} and user_id = ${userId} and ${isActive(now)}`)
  return rows.length === 1
}

/** Whether a user has a login session on a device, or an active one from a network. */
export async function hasActiveSessionFrom(
  db: Queries,
  client: { userId: number; network: string | null; deviceDigest: string | null; now: Date },
): Promise<boolean> {
  const { userId, network, deviceDigest, now } = client
  const rows = await db.query(sql`
    select id from sessions
    where user_id = ${userId} and kind = 'login'
      and (device_digest = ${deviceDigest} or (network = ${network} and ${isActive(now)}))
    limit 1`)
  return rows.length > 0
}
