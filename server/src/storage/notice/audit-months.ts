import sql from 'sql-template-tag'
import type { Database, Transaction } from '../database/database.ts'
import { Conflict, Unavailable } from '../database/errors.ts'
import { AUDIT_CLASSES, type AuditClass } from './audit-kinds.ts'
import { type AuditTime, endOfClass, hasLegacyEvents } from './audit-retention.ts'

/** Shorter than a request waits: those that queue behind a change of partitions are still answered. */
const LOCK_TIMEOUT_MILLISECONDS = 500
/** PostgreSQL looks through the rest of a class, under a lock, whenever a month is made. */
const STATEMENT_TIMEOUT_MILLISECONDS = 2000
/** More rows of a month are left in the rest of their class, because they would be moved under a lock. */
const MAX_MOVED_ROWS = 10_000

/** A partition on PostgreSQL: the events of a class in a month. */
interface AuditMonth {
  auditClass: AuditClass
  /** Its first instant. */
  start: Date
}

/** The changes that are due, so that events have months to go to, and ended ones go. */
export interface AuditWork {
  missing: AuditMonth[]
  ended: AuditMonth[]
  /** Whether all events of versions before classes have ended. */
  dropsLegacy: boolean
  /** Whether this role may do it. */
  mayChange: boolean
}

export interface AuditChanges {
  made: string[]
  dropped: string[]
  /** Why something was left undone, for the operator; null if all was done. */
  undone: string | null
  /** Whether this role may change the tables of the audit. */
  mayChange: boolean
}

const TIMEOUTS = `
  set local lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}; set local statement_timeout = ${STATEMENT_TIMEOUT_MILLISECONDS};`

/** So many months ahead are made where the owner of the tables is at work: the server's role may not be able to. */
export const MONTHS_AHEAD_BY_OWNER = 12

const NOT_OWNER =
  'months of the audit are to be made or dropped, and the role of the server may not; run tessera clean-up as the owner of the tables, once a day'
const BLOCKED =
  'months of the audit could not be made or dropped within two seconds, because of another transaction or of a large rest; they will be tried again'

/**
 * Makes the partitions of this and the coming months, and drops those whose last event has ended. Each is a transaction of
 * its own, which gives way after half a second. One process at a time does so; on SQLite there is nothing to do.
 */
export async function keepAuditMonths(db: Database, time: AuditTime, monthsAhead: number): Promise<AuditChanges> {
  const { missing, ended, dropsLegacy, mayChange } = await readAuditWork(db, time, monthsAhead)
  const changes: AuditChanges = { made: [], dropped: [], undone: null, mayChange }
  if (missing.length + ended.length === 0 && !dropsLegacy) return changes
  if (!mayChange) return { ...changes, undone: NOT_OWNER }
  try {
    for (const month of missing) changes.made.push(...(await underLock(db, (tx) => makeMonth(tx, month))))
    for (const name of [...ended.map(nameOf), ...(dropsLegacy ? ['audit_events_legacy'] : [])])
      changes.dropped.push(...(await underLock(db, (tx) => dropPartition(tx, name))))
  } catch (error) {
    if (!(error instanceof Blocked)) throw error
    changes.undone = BLOCKED
  }
  return changes
}

/** Reads which partitions are missing or have ended. It writes nothing. */
export async function readAuditWork(db: Database, time: AuditTime, monthsAhead: number): Promise<AuditWork> {
  const work: AuditWork = { missing: [], ended: [], dropsLegacy: false, mayChange: true }
  if (db.dialect === 'sqlite') return work
  const [state] = await db.query<{ names: string; owns: boolean }>(sql`
    select (select coalesce(string_agg(c.relname, ' '), '') from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent in ('audit_events_short'::regclass, 'audit_events_normal'::regclass, 'audit_events_long'::regclass))
        as names,
      (select pg_has_role(relowner, 'usage') and has_schema_privilege(relnamespace, 'create')
          and current_setting('transaction_read_only') = 'off'
        from pg_class where oid = 'audit_events'::regclass) as owns`)
  const names = new Set(state?.names.split(' '))
  const wanted = Array.from({ length: monthsAhead + 1 }, (_, ahead) => monthStart(time.now, ahead))
  return {
    missing: AUDIT_CLASSES.flatMap((auditClass) => wanted.map((start) => ({ auditClass, start }))).filter(
      (month) => !names.has(nameOf(month)),
    ),
    ended: [...names].flatMap(readName).filter(({ auditClass, start }) => {
      const before = endOfClass(auditClass, time)
      return before !== null && monthStart(start, 1) <= before
    }),
    dropsLegacy: await hasOnlyEndedLegacy(db, time),
    mayChange: state?.owns === true,
  }
}

async function hasOnlyEndedLegacy(db: Database, time: AuditTime): Promise<boolean> {
  if (!(await hasLegacyEvents(db))) return false
  const ends = AUDIT_CLASSES.map((auditClass) => endOfClass(auditClass, time))
  if (ends.includes(null)) return false
  const before = new Date(Math.min(...ends.map(Number)))
  const rows = await db.query(
    sql`select 1 as found from audit_events where class = 'legacy' and at >= ${before} limit 1`,
  )
  return rows.length === 0
}

/** A lock was not to be had, or a change took too long. It is no conflict, after which a transaction runs again at once. */
class Blocked extends Error {}

/**
 * Runs a change of partitions, if no other process is at one, and gives way to those that hold its tables.
 *
 * @returns the names of what was changed
 * @throws {Blocked}
 */
function underLock(db: Database, change: (tx: Transaction) => Promise<string[]>): Promise<string[]> {
  return db.transaction(async (tx) => {
    // An arbitrary number identifies this lock, beside the schema: a database may have several installations.
    const rows = await tx.query<{ taken: boolean }>(
      sql`select pg_try_advisory_xact_lock(737569638, hashtext(current_schema())) as taken`,
    )
    if (rows[0]?.taken !== true) return []
    try {
      return await change(tx)
    } catch (error) {
      const isBlocked = error instanceof Conflict || (error instanceof Unavailable && error.timedOut)
      throw isBlocked ? new Blocked(error.message, { cause: error }) : error
    }
  })
}

/**
 * Makes a month. Events of it that the rest of its class has got meanwhile are moved, if they are few; else the month stays in
 * the rest. Inserts wait before they choose a partition: one that had chosen the rest would be refused by it afterwards. Its
 * owner is that of the audit, also if another role made it, so that any role that may make months may drop it.
 */
async function makeMonth(tx: Transaction, month: AuditMonth): Promise<string[]> {
  const [name, rest] = [nameOf(month), `audit_events_${month.auditClass}_rest`]
  if (await exists(tx, name)) return []
  const [from, to] = [month.start, monthStart(month.start, 1)].map((at) => `'${at.toISOString()}'`)
  const ofMonth = `where at >= ${from} and at < ${to}`
  await tx.script(`${TIMEOUTS}
    lock table only audit_events in share row exclusive mode;
    lock table ${rest} in access exclusive mode;
    do $$ begin
      if (select count(*) from (select from ${rest} ${ofMonth} limit ${MAX_MOVED_ROWS + 1}) few) <= ${MAX_MOVED_ROWS} then
        create table ${name} (like ${rest} including defaults including constraints, primary key (id));
        with moved as (delete from ${rest} ${ofMonth} returning *) insert into ${name} select * from moved;
        alter table audit_events_${month.auditClass} attach partition ${name} for values from (${from}) to (${to});
        execute format('alter table ${name} owner to %I',
          (select pg_get_userbyid(relowner) from pg_class where oid = 'audit_events'::regclass));
      end if;
    end $$`)
  return (await exists(tx, name)) ? [name] : []
}

/** Drops a partition: its rows are never read, and its files are gone with the transaction. */
async function dropPartition(tx: Transaction, name: string): Promise<string[]> {
  if (!(await exists(tx, name))) return []
  await tx.script(`${TIMEOUTS} drop table ${name}`)
  return [name]
}

async function exists(tx: Transaction, name: string): Promise<boolean> {
  return (await tx.query(sql`select 1 as found where to_regclass(${name}) is not null`)).length > 0
}

/** `audit_events_short_2026_11`. */
function nameOf({ auditClass, start }: AuditMonth): string {
  return `audit_events_${auditClass}_${start.toISOString().slice(0, 7).replace('-', '_')}`
}

function readName(name: string): AuditMonth[] {
  const [, auditClass, year, month] = /^audit_events_([a-z]+)_(\d{4})_(\d\d)$/.exec(name) ?? []
  const found = AUDIT_CLASSES.find((known) => known === auditClass)
  return found === undefined ? [] : [{ auditClass: found, start: new Date(`${year}-${month}-01T00:00:00Z`) }]
}

/** Returns the first instant of the month, in UTC, so many months after that of a time. */
function monthStart(at: Date, months: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months))
}
