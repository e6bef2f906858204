import { readdir, readFile } from 'node:fs/promises'
import sql from 'sql-template-tag'
import type { Database, Queries, Transaction } from './database.ts'
import { Unavailable, UnexpectedDatabaseError } from './errors.ts'

const MIGRATIONS = new URL('../../../migrations/', import.meta.url)

const INSUFFICIENT_PRIVILEGE = '42501'

/**
 * Applies pending migrations, the numbered SQL files of the database's dialect, in order. Replicas that start at the same
 * time wait for each other: one of them applies the migrations, and all of them start. If none is pending, the role needs
 * no right to create tables.
 *
 * @returns the names of the migrations that this call applied
 * @throws {Unavailable} with the command to run, if the role may not apply them
 */
export async function migrate(db: Database, now: Date): Promise<string[]> {
  const folder = new URL(`${db.dialect}/`, MIGRATIONS)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const pending = without(names, await findApplied(db))
  if (pending.length === 0) return []
  try {
    return await db.transaction((tx) => applyPending(tx, folder, names, now))
  } catch (error) {
    if (!(error instanceof UnexpectedDatabaseError) || error.place.code !== INSUFFICIENT_PRIVILEGE) throw error
    const list = pending.join(', ')
    throw new Unavailable(`its role may not apply ${list}; run tessera migrate as the owner of the tables`, {
      cause: error,
    })
  }
}

async function applyPending(tx: Transaction, folder: URL, names: readonly string[], now: Date): Promise<string[]> {
  await takeLock(tx)
  // Another replica may have applied them while this one waited.
  const pending = without(names, await readApplied(tx))
  for (const name of pending) {
    await tx.script(await readFile(new URL(name, folder), 'utf8'))
    await tx.query(sql`insert into migrations (name, applied_at) values (${name}, ${now})`)
  }
  return pending
}

/** Returns the names of applied migrations; none if there is no table of them. */
async function findApplied(db: Queries): Promise<Set<string>> {
  const tables = await db.query(
    db.dialect === 'postgres'
      ? sql`select 1 as found where to_regclass('migrations') is not null`
      : sql`select 1 as found from sqlite_schema where type = 'table' and name = 'migrations'`,
  )
  return tables.length === 0 ? new Set() : readApplied(db)
}

async function readApplied(db: Queries): Promise<Set<string>> {
  return new Set((await db.query<{ name: string }>(sql`select name from migrations`)).map((row) => row.name))
}

function without(names: readonly string[], applied: ReadonlySet<string>): string[] {
  return names.filter((name) => !applied.has(name))
}

async function takeLock(tx: Transaction): Promise<void> {
  if (tx.dialect === 'postgres') {
    // An arbitrary number identifies this lock. On SQLite, write transactions exclude each other without one.
    await tx.script('set local lock_timeout = 0; select pg_advisory_xact_lock(7375696382)')
    await tx.script('create table if not exists migrations (name text primary key, applied_at timestamptz not null)')
  } else {
    await tx.script('create table if not exists migrations (name text primary key, applied_at text not null) strict')
  }
}
