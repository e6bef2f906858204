import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import type { Log } from '../observe/log.ts'
import type { Database } from '../storage/database/database.ts'
import { Unavailable } from '../storage/database/errors.ts'
import { migrate } from '../storage/database/migrate.ts'
import { describeMigrations, readSchemaState, refuseNewerSchema } from '../storage/database/schema-state.ts'
import { keepAuditMonths } from '../storage/notice/audit-months.ts'
import { KEPT_FOR_GOOD } from '../storage/notice/audit-retention.ts'
import { describeMaintenance, readMaintenanceIfAny } from '../storage/transfer/maintenance.ts'

/** A start makes this month; the clean-up makes more. */
const AUDIT_MONTHS_AHEAD = 0

/**
 * Makes the schema fit this version before it serves: applies pending migrations, unless `MIGRATE` is off, and makes
 * the months of the audit, if its role may.
 *
 * @throws {ConfigError} if migrations are pending that it may not apply
 * @throws {Unavailable} if the schema is too new, or the database is one of a move
 */
export async function prepareSchema(
  db: Database,
  now: () => Date,
  { migrates }: Pick<Config, 'migrates'>,
  log: Log,
): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  if (state.unknown.length > 0)
    log.warn({ migrations: state.unknown }, 'a newer version has changed the schema; this version can still serve it')
  if (state.pending.length > 0) await applyPending(db, now, { migrates, pending: state.pending }, log)
  await keepAuditMonths(db, { now: now(), retention: KEPT_FOR_GOOD }, AUDIT_MONTHS_AHEAD)
}

async function applyPending(
  db: Database,
  now: () => Date,
  { migrates, pending }: { migrates: boolean; pending: readonly string[] },
  log: Log,
): Promise<void> {
  const maintenance = await readMaintenanceIfAny(db)
  if (maintenance !== null && maintenance.state !== 'on') throw new Unavailable(describeMaintenance(maintenance))
  if (!migrates)
    throw new ConfigError(
      `The database is behind by ${describeMigrations(pending)}, and MIGRATE is off; run: tessera migrate`,
    )
  const onBlocked = (migration: string) =>
    log.warn({ migration }, 'a migration waits for the locks of other transactions, and will be tried again')
  const applied = await migrate(db, now(), { onBlocked })
  if (applied.length > 0) log.info({ migrations: applied }, 'the schema was migrated')
}
