import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import type { Log } from '../observe/log.ts'
import type { Database } from '../storage/database/database.ts'
import { migrate } from '../storage/database/migrate.ts'
import { describeMigrations, readSchemaState, refuseNewerSchema } from '../storage/database/schema-state.ts'

/**
 * Makes the schema fit this version before it serves: applies pending migrations, unless `MIGRATE` is off.
 *
 * @throws {ConfigError} if migrations are pending that it may not apply
 * @throws {Unavailable} if the schema is too new
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
  if (state.pending.length === 0) return
  if (!migrates)
    throw new ConfigError(
      `The database is behind by ${describeMigrations(state.pending)}, and MIGRATE is off; run: tessera migrate`,
    )
  const onBlocked = (migration: string) =>
    log.warn({ migration }, 'a migration waits for the locks of other transactions, and will be tried again')
  const applied = await migrate(db, now(), { onBlocked })
  if (applied.length > 0) log.info({ migrations: applied }, 'the schema was migrated')
}
