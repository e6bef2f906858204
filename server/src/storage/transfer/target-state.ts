import sql, { join } from 'sql-template-tag'
import type { Database, Queries } from '../database/database.ts'
import { readSchemaState } from '../database/schema-state.ts'
import { clearMaintenance, readMaintenanceIfAny, writeMaintenance } from './maintenance.ts'
import { FACTS_OF_A_DATABASE, readMovedFrom, writeMovedFrom } from './own-facts.ts'
import { quoted } from './read-pages.ts'

/**
 * A database that rows are to be moved into. `unfinished` and `finished` are targets of the same source; `used` is any other
 * that has something, with the reason in a sentence.
 */
export type TargetState = { is: 'empty' | 'unfinished' | 'finished' } | { is: 'used'; because: string }

/** Reads what a target is. @param moveId of the source; null if it was never moved */
export async function readTargetState(
  target: Database,
  tables: readonly string[],
  moveId: string | null,
): Promise<TargetState> {
  const schema = await readSchemaState(target)
  if (schema.unknown.length > 0)
    return { is: 'used', because: `a newer version has applied ${schema.unknown.join(', ')} to it` }
  const present = await findPresent(target, tables)
  if (schema.isEmpty) {
    const [foreign] = present
    return foreign === undefined
      ? { is: 'empty' }
      : { is: 'used', because: `it has a table ${foreign} that Tessera did not make` }
  }
  const maintenance = await readMaintenanceIfAny(target)
  const isOwn = moveId !== null && present.includes('installation') && (await readMovedFrom(target)) === moveId
  if (isOwn) return { is: maintenance?.state === 'receiving' ? 'unfinished' : 'finished' }
  if (maintenance !== null)
    return {
      is: 'used',
      because: maintenance.other === null ? 'it is in maintenance' : `${maintenance.other} is moved there`,
    }
  const filled = await findFilled(target, present)
  return filled === null ? { is: 'empty' } : { is: 'used', because: `its table ${filled} has rows` }
}

/** Marks a target, so that no server serves it before all rows are there, and its source knows it again. */
export async function beginReceiving(
  target: Database,
  { moveId, source, now }: { moveId: string; source: string; now: Date },
): Promise<void> {
  await target.transaction(async (tx) => {
    await writeMovedFrom(tx, moveId)
    await writeMaintenance(tx, { state: 'receiving', since: now, other: source })
  })
}

/** Opens a target: servers may serve it from now on. All that was written before is on disk with this commit. */
export async function endReceiving(target: Database): Promise<void> {
  await clearMaintenance(target)
}

async function findPresent(target: Queries, tables: readonly string[]): Promise<string[]> {
  const present: string[] = []
  for (const name of tables) {
    const rows = await target.query(sql`select 1 as found where to_regclass(${name}) is not null`)
    if (rows.length > 0) present.push(name)
  }
  return present
}

/** Returns the first table that has rows. A migration alone writes the number of the epoch. */
async function findFilled(target: Queries, tables: readonly string[]): Promise<string | null> {
  for (const name of tables) {
    const fresh = join(['session_epoch', ...FACTS_OF_A_DATABASE])
    const condition = name === 'installation' ? sql`name not in (${fresh})` : sql`true`
    const rows = await target.query(sql`select 1 as found from ${quoted(name)} where ${condition} limit 1`)
    if (rows.length > 0) return name
  }
  return null
}
