import sql, { raw } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import type { ExpiringTable } from '../database/expired-rows.ts'
import { AUDIT_CLASSES, type AuditClass, kindsOfClass } from './audit-kinds.ts'

/** How many seconds the events of each class are kept; null: for good. */
export type AuditRetention = Readonly<Record<AuditClass, number | null>>

export const KEPT_FOR_GOOD: AuditRetention = { short: null, normal: null, long: null }

/** Returns the time before which events of a class have ended; null if none ever do. */
export function endOfClass(auditClass: AuditClass, { now, retention }: AuditTime): Date | null {
  const seconds = retention[auditClass]
  return seconds === null ? null : new Date(now.getTime() - seconds * 1000)
}

export interface AuditTime {
  now: Date
  retention: AuditRetention
}

/**
 * Returns what is to be deleted row by row. On SQLite these are all events; on PostgreSQL those that stand in no month: the
 * rest of each class, and events of versions before classes, which go by their kinds.
 */
export async function expiringAuditRows(db: Queries, time: AuditTime): Promise<ExpiringTable[]> {
  const ended = AUDIT_CLASSES.flatMap((auditClass) => {
    const before = endOfClass(auditClass, time)
    return before === null ? [] : [{ auditClass, before }]
  })
  const deletion = { primaryKey: 'id', counted: 'audit_events' } as const
  if (db.dialect === 'sqlite')
    return ended.map(({ auditClass, before }) => ({
      name: 'audit_events',
      ...deletion,
      expired: () => sql`class = ${auditClass} and at < ${before}`,
    }))
  const rests = ended.map(({ auditClass, before }) => ({
    name: `audit_events_${auditClass}_rest` as const,
    ...deletion,
    expired: () => sql`at < ${before}`,
  }))
  if (!(await hasLegacyEvents(db))) return rests
  const legacy = ended.flatMap(({ auditClass, before }) =>
    kindsOfClass(auditClass).map((kind) => ({
      name: 'audit_events_legacy' as const,
      ...deletion,
      expired: () => sql`kind = ${raw(`'${kind}'`)} and at < ${before}`,
    })),
  )
  return [...rests, ...legacy]
}

/** Whether the table of the versions before classes is still there. */
export async function hasLegacyEvents(db: Queries): Promise<boolean> {
  return (await db.query(sql`select 1 as found where to_regclass('audit_events_legacy') is not null`)).length > 0
}
