import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Settings } from '../auth/context/context.ts'
import { Unavailable } from '../storage/database/errors.ts'
import { deleteExpiredRows, EXPIRING_TABLES, type ExpiringTable } from '../storage/database/expired-rows.ts'
import { keepAuditMonths } from '../storage/notice/audit-months.ts'
import { type AuditTime, expiringAuditRows } from '../storage/notice/audit-retention.ts'
import { longestAccessLifetime } from '../storage/revocation/access-lifetimes.ts'

/** Limits each statement, so that requests run in between. */
const MAX_BATCH = 1000
/** A database that cannot delete so few rows in the time of a statement is out of order. */
const MIN_BATCH = 10
/** The database takes a moment to give up a statement, and until then its rows are locked and would be skipped. */
const CANCEL_MILLISECONDS = 200
const DAY_SECONDS = 86_400
/** A batch that took less may grow. */
const SHORT_MILLISECONDS = 300
const AUDIT_MONTHS_AHEAD = 2

type CleanUpContext = Pick<Context, 'db' | 'now' | 'log'> & { settings: Pick<Settings, 'auditRetention'> }

/**
 * Deletes everything that has expired, table by table, and logs how much that was. Batches that take too long are made
 * smaller, so that a slow database is cleaned up slowly rather than never. On PostgreSQL, months of the audit are dropped.
 *
 * @param stopping when it is aborted, no further batch begins
 * @returns the number of deleted rows of each table
 */
export async function cleanUp(
  ctx: CleanUpContext,
  stopping?: Pick<AbortSignal, 'aborted'>,
): Promise<Record<string, number>> {
  const now = ctx.now()
  const time = { now, retention: ctx.settings.auditRetention }
  // Without a server that ever recorded its own, a day is longer than most.
  const lifetimeSeconds = (await longestAccessLifetime(ctx.db, now)) ?? DAY_SECONDS
  const accessTokens = { lifetimeSeconds }
  const deleted: Record<string, number> = {}
  try {
    const deleteAll = (table: ExpiringTable) =>
      inBatches(async (limit) => {
        const rows = await deleteExpiredRows(ctx.db, table, { now, limit, accessTokens })
        const name = table.counted ?? table.name
        deleted[name] = (deleted[name] ?? 0) + rows
        return rows
      }, stopping)
    for (const table of EXPIRING_TABLES) await deleteAll(table)
    if (stopping?.aborted) return deleted
    if (await cleanUpMonths(ctx, time))
      for (const table of await expiringAuditRows(ctx.db, time)) await deleteAll(table)
  } finally {
    if (Object.values(deleted).some((rows) => rows > 0)) ctx.log.info({ deleted }, 'expired rows were deleted')
  }
  return deleted
}

/** The last reason that was logged of each database, so that the log says once that months are left undone. */
const told = new WeakMap<object, string | null>()

/** Makes and drops months of the audit. @returns whether this role may delete audit events */
async function cleanUpMonths({ db, log }: CleanUpContext, time: AuditTime): Promise<boolean> {
  const { made, dropped, undone, mayChange } = await keepAuditMonths(db, time, AUDIT_MONTHS_AHEAD)
  if (made.length + dropped.length > 0) log.info({ made, dropped }, 'months of the audit were made or dropped')
  if (undone !== null && told.get(db) !== undone) log.warn({}, undone)
  told.set(db, undone)
  return mayChange
}

/** Runs batches until one is not full, or it shall stop. One that times out is halved; short ones grow again. */
async function inBatches(
  run: (limit: number) => Promise<number>,
  stopping?: Pick<AbortSignal, 'aborted'>,
): Promise<void> {
  let limit = MAX_BATCH
  while (!stopping?.aborted) {
    const since = performance.now()
    try {
      const rows = await run(limit)
      if (rows < limit) return
      if (performance.now() - since < SHORT_MILLISECONDS) limit = Math.min(MAX_BATCH, limit * 2)
    } catch (error) {
      if (!(error instanceof Unavailable) || !error.timedOut || limit === MIN_BATCH) throw error
      limit = Math.max(MIN_BATCH, Math.floor(limit / 2))
      await sleep(CANCEL_MILLISECONDS)
    }
  }
}
