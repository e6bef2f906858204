import sql, { empty, join } from 'sql-template-tag'
import { joinedProfileColumns, type UserProfile } from '../account/users.ts'
import { arrayParameter } from '../database/array-parameter.ts'
import type { Database, Queries, Together } from '../database/database.ts'
import { endSessionsWhere } from './end-sessions.ts'
import type { RevokeReason } from './revoke-reason.ts'
import { currentEpoch, endWithEpoch, epochEndColumn, isActive } from './session-epoch.ts'
import { lockedInOrder } from './session-locks.ts'

const SESSION_KIND_NAMES = ['login', 'pair'] as const
export type SessionKind = (typeof SESSION_KIND_NAMES)[number]
export type Rotation = 'adaptive' | 'strict'
export type TokenCarrier = 'body' | 'cookie'

type ActiveSession = UserProfile & { authenticated_at: Date; amr: string }

/** A session as an access token claims it. */
interface ClaimedSession {
  id: string
  kind: SessionKind
  userGuid: string
  now: Date
}

const activeColumns = sql`${joinedProfileColumns}, s.auth_time as authenticated_at, s.amr`

/** Finds active sessions with the profiles of their users. */
export const ACTIVE_SESSIONS: Together<ClaimedSession, ActiveSession | null> = {
  async one(db, { id, kind, userGuid, now }) {
    const rows = await db.query<ActiveSession>(sql`
      select ${activeColumns} from sessions s join users u on u.id = s.user_id
      where s.id = ${id} and s.kind = ${kind} and ${isActive(now)}
        and u.guid = ${userGuid} and u.disabled_at is null`)
    return rows[0] ?? null
  },

  /** `offset 0` finds a row by its key before any condition, whatever other index there is. */
  async many(db, sessions) {
    const found = await db.query<ActiveSession & { item: number }>(sql`
      select asked.item, ${activeColumns}
      from unnest(${arrayParameter(sessions.map(({ id }) => id))}::uuid[],
        ${arrayParameter(sessions.map(({ kind }) => kind))}::text[],
        ${arrayParameter(sessions.map(({ userGuid }) => userGuid))}::uuid[],
        ${arrayParameter(sessions.map(({ now }) => now))}::timestamptz[])
        with ordinality as asked(id, kind, guid, now, item)
      cross join lateral (select * from sessions where id = asked.id offset 0) s
      cross join lateral (select * from users where id = s.user_id offset 0) u
      where s.kind = asked.kind and ${isActive(sql`asked.now`)}
        and u.guid = asked.guid and u.disabled_at is null`)
    const results: (ActiveSession | null)[] = sessions.map(() => null)
    for (const { item, ...session } of found) results[item - 1] = session
    return results
  },
}

/** Finds an active session with its user's profile: one statement checks an access token. */
export function findActiveSession(db: Database, session: ClaimedSession): Promise<ActiveSession | null> {
  return db.together(ACTIVE_SESSIONS, session)
}

/** A session as operators see it. */
export interface SessionRow {
  id: string
  user_id: number
  email: string
  kind: SessionKind
  rotation: Rotation
  ip: string
  user_agent: string | null
  amr: string
  created_at: Date
  refreshed_at: Date | null
  expires_at: Date
  revoked_at: Date | null
  revoke_reason: RevokeReason | null
}

/** Returns the newest sessions first (version 7 ids are in the order of time). `onlyActive` is as of `now`. */
export async function findSessions(
  db: Queries,
  filter: { id: string | null; userId: number | null; onlyActive: boolean; now: Date; limit: number },
): Promise<SessionRow[]> {
  const where = [
    ...(filter.id === null ? [] : [sql`s.id = ${filter.id}`]),
    ...(filter.userId === null ? [] : [sql`s.user_id = ${filter.userId}`]),
    ...(filter.onlyActive ? [sql`${isActive(filter.now)} and u.disabled_at is null`] : []),
  ]
  const rows = await db.query<SessionRow & { epoch_ended_at: string | null }>(sql`
    select s.id, s.user_id, u.email, s.kind, s.rotation, s.ip, s.user_agent, s.amr, s.created_at, s.refreshed_at,
      s.expires_at, s.revoked_at, s.revoke_reason, ${epochEndColumn}
    from sessions s join users u on u.id = s.user_id
    where ${where.length > 0 ? join(where, ' and ') : sql`1 = 1`} order by s.id desc limit ${filter.limit}`)
  return rows.map(endWithEpoch)
}

const MAX_ADDRESSES = 200

/** Returns the addresses of the newest logins of an account, including ended sessions that are still stored. */
export async function findLoginAddresses(db: Queries, email: string): Promise<string[]> {
  const rows = await db.query<{ ip: string }>(sql`
    select s.ip from sessions s join users u on u.id = s.user_id
    where u.email = ${email} and s.kind = 'login' order by s.id desc limit ${MAX_ADDRESSES}`)
  return rows.map(({ ip }) => ip)
}

/** Whether a device has signed in to an account, and was not forgotten since. */
export async function hasDevice(db: Queries, { email, digest }: { email: string; digest: string }): Promise<boolean> {
  const rows = await db.query(sql`
    select s.id from sessions s join users u on u.id = s.user_id
    where u.email = ${email} and s.device_digest = ${digest} limit 1`)
  return rows.length > 0
}

/**
 * Forgets the devices of sessions at the account of their user, whichever sessions began there. Writes to several sessions:
 * the caller has locked the user ({@link lockUserExclusive}), or two of these would deadlock.
 */
export async function forgetDevices(
  tx: Queries,
  { userId, sessionIds }: { userId: number; sessionIds: readonly string[] },
): Promise<void> {
  if (sessionIds.length === 0) return
  await tx.query(sql`
    update sessions set device_digest = null
    where id in (${lockedInOrder(
      tx,
      sql`user_id = ${userId}
      and device_digest in (select device_digest from sessions where id in (${join(sessionIds)}))`,
    )})`)
}

/**
 * Forgets the devices of a user: any of them may be a thief's.
 *
 * @param except a session whose device stays known; null for none
 */
export async function forgetDevicesOfUser(tx: Queries, userId: number, except: string | null = null): Promise<void> {
  await tx.query(sql`
    update sessions set device_digest = null
    where id in (${lockedInOrder(
      tx,
      sql`user_id = ${userId} and device_digest is not null
      ${except === null ? empty : sql`and device_digest <> coalesce((select s.device_digest from sessions s where s.id = ${except}), '')`}`,
    )})`)
}

/** Ends a session. Returns true only to the caller whose update ended it. */
export async function revokeSession(
  tx: Queries,
  { id, ...end }: { id: string; reason: RevokeReason; now: Date },
): Promise<boolean> {
  return (await endSessionsWhere(tx, sql`id = ${id} and epoch = ${currentEpoch}`, end)).length === 1
}

/** Counts the active sessions of all users. */
export async function countActiveSessions(db: Queries, now: Date): Promise<number> {
  const [row] = await db.query<{ sessions: number }>(sql`
    select count(*) as sessions from sessions where ${isActive(now)}`)
  return Number(row?.sessions ?? 0)
}
