import { readdir } from 'node:fs/promises'
import sql from 'sql-template-tag'
import type { Queries } from './database.ts'
import { Unavailable } from './errors.ts'
import { readFact } from './installation.ts'

/** The folder with a folder of numbered SQL files for each dialect. */
export const MIGRATIONS = new URL('../../../migrations/', import.meta.url)

/** How the schema of a database compares with the migrations of this version; all names in order. */
export interface SchemaState {
  /** Migrations of this version. */
  known: string[]
  /** Known ones that were not applied. */
  pending: string[]
  /** Applied ones that this version does not know, because a newer version applied them. */
  unknown: string[]
  isEmpty: boolean
}

/** Reads which migrations were applied. It writes nothing, so a standby and a role without rights can answer. */
export async function readSchemaState(db: Queries, migrations = MIGRATIONS): Promise<SchemaState> {
  const files = await readdir(new URL(`${db.dialect}/`, migrations))
  const known = files.filter((name) => name.endsWith('.sql')).sort()
  const applied = (await hasMigrations(db)) ? await readApplied(db) : []
  return {
    known,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
    isEmpty: applied.length === 0,
  }
}

/**
 * Refuses a schema that says it cannot be used by this version: `minimum_version` in `installation` is the number of the
 * oldest migration that a version must know.
 *
 * @throws {Unavailable}
 */
export async function refuseNewerSchema(db: Queries, { known, unknown }: SchemaState): Promise<void> {
  if (unknown.length === 0) return
  const minimum = Number((await readFact(db, 'minimum_version')) ?? 0)
  const newest = Number.parseInt(known.at(-1) ?? '0', 10)
  if (minimum > newest)
    throw new Unavailable(
      `its schema is too new: it needs a version that knows migration ${minimum}, and this one knows ${newest}; install the newer version`,
    )
}

/** "1 migration (0004_x.sql)". */
export function describeMigrations(names: readonly string[]): string {
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'} (${names.join(', ')})`
}

async function hasMigrations(db: Queries): Promise<boolean> {
  const tables = await db.query(
    db.dialect === 'postgres'
      ? sql`select 1 as found where to_regclass('migrations') is not null`
      : sql`select 1 as found from sqlite_schema where type = 'table' and name = 'migrations'`,
  )
  return tables.length > 0
}

export async function readApplied(db: Queries): Promise<string[]> {
  const rows = await db.query<{ name: string }>(sql`select name from migrations order by name`)
  return rows.map(({ name }) => name)
}
