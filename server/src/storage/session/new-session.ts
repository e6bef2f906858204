import sql, { empty, type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { insertAuditEvent, insertionOfEvents, type NewAuditEvent, tellAudited } from '../notice/audit-events.ts'
import { endingsOf, recordEndings } from '../revocation/record-endings.ts'
import { endSessions } from './end-sessions.ts'
import { insertFirstToken, insertionOfFirstToken, type NewToken } from './refresh-tokens.ts'
import { currentEpoch, isActive } from './session-epoch.ts'
import { lockedInOrder } from './session-locks.ts'
import type { Rotation, SessionKind, TokenCarrier } from './sessions.ts'

export interface NewSession {
  id: string
  user_id: number
  kind: SessionKind
  rotation: Rotation
  token_carrier: TokenCarrier
  /** The device that signed in, by which later logins know it. */
  device_digest: string | null
  ip: string
  /** The network of `ip`, by which later logins are known. */
  network: string
  user_agent: string | null
  /** How the user authenticated (RFC 8176), separated by spaces: `pwd`, or `svc` if a service vouched for them. */
  amr: string
  expires_at: Date
}

interface Opening {
  now: Date
  /** The most active sessions of this kind that the user may have, with the new one; 0 for any number. */
  maxSessions: number
  /** A session that began earlier and was never refreshed has no client that still uses it. */
  unusedBefore: Date
}

interface Opened {
  /** The sessions that ended because there were too many. */
  displaced: string[]
  /** Whether the user has had a session on this device or from this network, none that was disowned or a thief's. */
  isKnown: boolean
}

/** The rows that are written with a session. */
interface Companions {
  firstToken: NewToken
  event: NewAuditEvent
}

/**
 * Inserts a session, with its first token and its audit event, and ends those of the user that are too many with it: first
 * those that were never used again, oldest first, then those that have not been refreshed for the longest time. The caller
 * has locked the user in an earlier statement: the snapshot of one that waits for the lock would still be older than the
 * login that it waited for. On PostgreSQL all of it is one statement, and so one round trip.
 */
export async function insertSession(
  tx: Queries,
  session: NewSession,
  opening: Opening,
  companions: Companions | null = null,
): Promise<Opened> {
  if (tx.dialect === 'postgres') return insertOnPostgres(tx, session, opening, companions)
  const opened = await insertOnSqlite(tx, session, opening)
  if (companions) await insertFirstToken(tx, companions.firstToken, opening.now)
  if (companions) await insertAuditEvent(tx, companions.event, opening.now)
  return opened
}

async function insertOnPostgres(
  tx: Queries,
  session: NewSession,
  opening: Opening,
  companions: Companions | null,
): Promise<Opened> {
  // Foreign keys are checked at the end of the statement.
  const more = companions
    ? sql`, first_token as (${insertionOfFirstToken(companions.firstToken, opening.now)}),
        event as (${insertionOfEvents([companions.event], opening.now)})`
    : empty
  const rows = await tx.query<{ displaced: string | null; known: boolean }>(sql`
    with displaced as (${displace(tx, session, opening)}),
    ${endingsOf('displaced', { kind: 'session', at: opening.now })} ${more}
    ${insert(session, opening.now)}
    returning (select string_agg(ended::text, ' ') from displaced) as displaced, ${isKnown(session)} as known`)
  if (companions) tellAudited(tx, companions.event)
  const [row] = rows
  return { displaced: row?.displaced?.split(' ') ?? [], isKnown: row?.known === true }
}

async function insertOnSqlite(tx: Queries, session: NewSession, opening: Opening): Promise<Opened> {
  const others = sql`select count(*) from sessions where ${isActiveBeside(session, opening)}`
  const [row] = await tx.query<{ known: number; others: number }>(sql`
    ${insert(session, opening.now)} returning ${isKnown(session)} as known, (${others}) as others`)
  const isFull = opening.maxSessions > 0 && (row?.others ?? 0) >= opening.maxSessions
  const [displacing, ending] = [displace(tx, session, opening), { kind: 'session', at: opening.now } as const]
  const displaced = isFull ? await recordEndings(tx, displacing, ending) : []
  return { displaced: displaced.map(({ ended }) => ended), isKnown: row?.known === 1 }
}

function insert(session: NewSession, now: Date): Sql {
  return sql`
    insert into sessions (id, user_id, kind, rotation, token_carrier, device_digest, ip, network, user_agent, auth_time,
      amr, created_at, expires_at, epoch)
    values (${session.id}, ${session.user_id}, ${session.kind}, ${session.rotation}, ${session.token_carrier},
      ${session.device_digest}, ${session.ip}, ${session.network}, ${session.user_agent}, ${now}, ${session.amr},
      ${now}, ${session.expires_at}, ${currentEpoch})`
}

/** The other active sessions of this kind. */
function isActiveBeside({ id, user_id, kind }: NewSession, { now }: Opening): Sql {
  return sql`user_id = ${user_id} and kind = ${kind} and ${isActive(now)} and id <> ${id}`
}

/**
 * Ends what is too much. A session that another transaction ends meanwhile keeps its own reason: the statement waits for it,
 * and then looks at its row again.
 */
function displace(tx: Queries, session: NewSession, opening: Opening): Sql {
  const { now, maxSessions, unusedBefore } = opening
  const noLimit = tx.dialect === 'sqlite' ? sql`limit -1` : empty // SQLite knows no `offset` without it
  const tooMany = sql`
    select id from sessions where ${isActiveBeside(session, opening)}
    order by (refreshed_at is null and created_at < ${unusedBefore}), coalesce(refreshed_at, created_at) desc, id desc
    ${noLimit} offset ${Math.max(0, maxSessions - 1)}`
  const locked = lockedInOrder(tx, sql`id in (${tooMany}) and revoked_at is null`)
  return endSessions(sql`${maxSessions > 0 ? sql`1 = 1` : sql`1 = 0`} and id in (${locked})`, {
    reason: 'displaced',
    now,
  })
}

function isKnown({ id, user_id, device_digest, network, kind }: NewSession): Sql {
  return sql`exists (
    select 1 from sessions where user_id = ${user_id} and kind = ${kind} and id <> ${id}
      and (network = ${network} or device_digest = ${device_digest})
      and (revoke_reason is null
        or revoke_reason not in ('reuse', 'disowned', 'email_undone', 'password_reset')))`
}
