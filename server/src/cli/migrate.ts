import { migrate } from '../storage/database/migrate.ts'
import { describeMigrations, readSchemaState, refuseNewerSchema } from '../storage/database/schema-state.ts'
import { type CommandContext, withDatabase } from './run/with-database.ts'
import { print } from './terminal/output.ts'

/**
 * `tessera migrate`: applies pending migrations, also while servers are running. With `--check` it changes nothing, and
 * exits with 1 if there is something to do.
 */
export async function migrateCommand({ check }: { check?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: check !== true, schema: 'any' }, check ? checkMigrations : applyMigrations)
}

async function applyMigrations({ db, now }: CommandContext): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  printUnknown(state)
  const onBlocked = (name: string) =>
    process.stderr.write(`tessera: ${name} waits for the locks of other transactions, and will be tried again.\n`)
  const applied = await migrate(db, now(), { onBlocked })
  print(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.')
}

async function checkMigrations({ db }: CommandContext): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  printUnknown(state)
  if (state.pending.length === 0) return print('The database is up to date.')
  print(`The database is behind by ${describeMigrations(state.pending)}; run: tessera migrate`)
  process.exitCode = 1
}

function printUnknown({ unknown }: { unknown: readonly string[] }): void {
  if (unknown.length > 0) print(`A newer version has applied ${unknown.join(', ')}, which this one does not know.`)
}
