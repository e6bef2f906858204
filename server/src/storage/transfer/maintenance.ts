import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { clearFact, readFact, writeFact } from '../database/installation.ts'

/** That clients may not change a database at the moment. */
export interface Maintenance {
  /**
   * `on`: an operator said so. `moving`: its rows are being copied to another database; `moved`: they were. `receiving`: rows
   * of another database are being copied into it. Only an operator's own maintenance lets commands and starts change rows.
   */
  state: 'on' | 'moving' | 'moved' | 'receiving'
  since: Date
  /** The other database of a move: its host and name, without user and password. */
  other: string | null
}

const FACT = 'maintenance'

/** Reads whether a database with tables is in maintenance; null if it is not. */
export async function readMaintenance(db: Queries): Promise<Maintenance | null> {
  const text = await readFact(db, FACT)
  if (text === null) return null
  const { state, since, other } = JSON.parse(text)
  return { state, since: new Date(since), other }
}

/** Reads the same of a database that may have no tables yet. */
export async function readMaintenanceIfAny(db: Queries): Promise<Maintenance | null> {
  const tables = await db.query(
    db.dialect === 'postgres'
      ? sql`select 1 as found where to_regclass('installation') is not null`
      : sql`select 1 as found from sqlite_schema where type = 'table' and name = 'installation'`,
  )
  return tables.length === 0 ? null : readMaintenance(db)
}

export async function writeMaintenance(db: Queries, maintenance: Maintenance): Promise<void> {
  await writeFact(db, FACT, JSON.stringify(maintenance))
}

export async function clearMaintenance(db: Queries): Promise<void> {
  await clearFact(db, FACT)
}

/** Says how an operator turns it off, for logs and commands. */
export function describeMaintenance({ state, since, other }: Maintenance): string {
  const time = since.toISOString()
  switch (state) {
    case 'on':
      return `maintenance is on since ${time}; turn it off with: tessera maintenance off`
    case 'moving':
      return `a move to ${other} began at ${time}; if it is no longer running, run it again, or keep this database with: tessera maintenance off`
    case 'moved':
      return `this database was moved to ${other} at ${time}; set DATABASE_URL to that one. If it was never served there, come back with: tessera maintenance off`
    case 'receiving':
      return `a move of ${other} into this database began at ${time} and has not ended; if it is no longer running, run it again`
  }
}
