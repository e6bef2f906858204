import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { type AuditKind, CLASS_OF_KIND } from './audit-kinds.ts'

/** Details never contain a secret, a token or anything typed by an unknown client. */
export type AuditDetails = Record<string, string | number | null>

export interface NewAuditEvent {
  kind: AuditKind
  user_id: number | null
  session_id: string | null
  ip: string | null
  user_agent: string | null
  /** The keyed digest of an address that the user gave up by this event. */
  email_digest?: string | null
  details: AuditDetails
}

export function insertAuditEvent(tx: Queries, event: NewAuditEvent, now: Date): Promise<void> {
  return insertAuditEvents(tx, [event], now)
}

/** Inserts events in one statement. */
export async function insertAuditEvents(tx: Queries, events: readonly NewAuditEvent[], now: Date): Promise<void> {
  await tx.query(insertionOfEvents(events, now))
  for (const event of events) tellAudited(tx, event)
}

/** Tells of an event that a statement wrote; its user agent and its digests stay in the database. */
export function tellAudited(tx: Queries, { kind, user_id: user, session_id: sid, ip, details }: NewAuditEvent): void {
  tx.tell?.({ what: 'audited', event: { kind, user, sid, ip, details } })
}

export function insertionOfEvents(events: readonly NewAuditEvent[], now: Date): Sql {
  const values = events.map(
    (
      event,
    ) => sql`(${now}, ${CLASS_OF_KIND[event.kind]}, ${event.kind}, ${event.user_id}, ${event.session_id}, ${event.ip}, ${event.user_agent},
      ${event.email_digest ?? null}, ${JSON.stringify(event.details)})`,
  )
  return sql`
    insert into audit_events (at, class, kind, user_id, session_id, ip, user_agent, email_digest, details) values ${join(values)}`
}

export interface AuditEventRow extends Omit<NewAuditEvent, 'email_digest'> {
  id: number
  at: Date
}

export interface AuditFilter {
  /** Only events about one of these users; null for those about any. */
  userIds: readonly number[] | null
  sessionId: string | null
  kind: AuditKind | null
  since: Date | null
  until: Date | null
}

/** Returns the newest events first. */
export function findAuditEvents(db: Queries, filter: AuditFilter & { limit: number }): Promise<AuditEventRow[]> {
  return readEvents(db, sql`${conditionOf(db, filter)} order by at desc, id desc limit ${filter.limit}`)
}

/** Returns the oldest events first, those that come after an event; up to a limit. */
export function findNextAuditEvents(
  db: Queries,
  { after, limit, ...filter }: AuditFilter & { after: Pick<AuditEventRow, 'at' | 'id'> | null; limit: number },
): Promise<AuditEventRow[]> {
  const next = after ? sql` and at >= ${after.at} and (at > ${after.at} or id > ${after.id})` : empty
  return readEvents(db, sql`${conditionOf(db, filter)}${next} order by at, id limit ${limit}`)
}

async function readEvents(db: Queries, where: Sql): Promise<AuditEventRow[]> {
  const rows = await db.query<AuditEventRow & { details: string }>(sql`
    select id, at, kind, user_id, session_id, ip, user_agent, details from audit_events where ${where}`)
  return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }))
}

function conditionOf(db: Queries, filter: AuditFilter): Sql {
  const conditions = [
    sql`1 = 1`,
    ...(filter.userIds === null ? [] : [sql`user_id in (${join(filter.userIds)})`]),
    ...(filter.sessionId === null ? [] : [sql`session_id = ${filter.sessionId}`]),
    ...(filter.kind === null ? [] : [ofKind(db, filter.kind)]),
    ...(filter.since === null ? [] : [sql`at >= ${filter.since}`]),
    ...(filter.until === null ? [] : [sql`at < ${filter.until}`]),
  ]
  return join(conditions, ' and ')
}

/** The condition of a kind. On PostgreSQL it names the class, too, so that the partitions of others are not looked into. */
function ofKind({ dialect }: Queries, kind: AuditKind): Sql {
  if (dialect === 'sqlite') return sql`kind = ${kind}`
  return sql`kind = ${kind} and class in (${raw(`'${CLASS_OF_KIND[kind]}'`)}, 'legacy')`
}

/** Counts the events of a kind of a user since a time. */
export async function countEvents(
  db: Queries,
  { userId, kind, since }: { userId: number; kind: AuditKind; since: Date },
): Promise<number> {
  const rows = await db.query<{ count: number }>(sql`
    select count(*) as count from audit_events where user_id = ${userId} and ${ofKind(db, kind)} and at >= ${since}`)
  return rows[0]?.count ?? 0
}

/** Returns the ids of the users who gave up an address, by any of its digests. */
export async function findUsersWhoGaveUp(db: Queries, emailDigests: readonly string[]): Promise<number[]> {
  if (emailDigests.length === 0) return []
  const rows = await db.query<{ user_id: number }>(sql`
    select distinct user_id from audit_events where email_digest in (${join([...emailDigests])}) and user_id is not null`)
  return rows.map((row) => row.user_id)
}
