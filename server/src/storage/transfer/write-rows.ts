import sql, { join, raw } from 'sql-template-tag'
import { arrayParameter } from '../database/array-parameter.ts'
import type { Database, Queries } from '../database/database.ts'
import { FACTS_OF_A_DATABASE } from './own-facts.ts'
import { type NormalRow, quoted } from './read-pages.ts'
import type { MovedTable } from './tables.ts'

/**
 * Inserts rows into PostgreSQL in one statement, with their ids. It does not wait for the disk: the commit that ends the move
 * does, for all of them.
 */
export async function insertRows(target: Database, table: MovedTable, rows: readonly NormalRow[]): Promise<void> {
  const columns = table.columns.map(({ name }) => quoted(name))
  const arrays = table.columns.map((_, index) => sql`${arrayParameter(rows.map((row) => row[index] ?? null))}::text[]`)
  const values = table.columns.map(({ type }, index) => raw(`c${index}::${type}`))
  const names = table.columns.map((_, index) => raw(`c${index}`))
  await target.transaction(async (tx) => {
    await tx.script('set local synchronous_commit = off')
    await tx.query(sql`
      insert into ${quoted(table.name)} (${join(columns)}) overriding system value
      select ${join(values)} from unnest(${join(arrays)}) as given (${join(names)})`)
  })
}

/** Deletes all rows of the tables, and every fact but those about the database itself. */
export async function emptyTarget(target: Database, tables: readonly string[]): Promise<void> {
  const others = tables.filter((name) => name !== 'installation').map(quoted)
  await target.transaction(async (tx) => {
    if (others.length > 0) await tx.query(sql`truncate ${join(others)} restart identity`)
    await tx.query(sql`delete from installation where name not in (${join(FACTS_OF_A_DATABASE)})`)
  })
}

/** Lets the ids of new rows continue after the highest one that the source has ever given, that of a deleted row included. */
export async function advanceSequences(
  source: Queries,
  target: Database,
  tables: readonly MovedTable[],
): Promise<void> {
  const given = await source.query<{ name: string; seq: number }>(sql`select name, seq from sqlite_sequence`)
  for (const { name, seq } of given) {
    const key = tables.find((table) => table.name === name)?.key
    if (!key || seq < 1) continue
    await target.query(sql`
      select setval(sequence::regclass, ${seq}) from pg_get_serial_sequence(${name}, ${key.name}) as sequence
      where sequence is not null`)
  }
}

/** Counts the rows for the planner, which would else take the tables for small until the next autovacuum. */
export async function analyzeTables(target: Database, tables: readonly MovedTable[]): Promise<void> {
  for (const { name } of tables) await target.query(sql`analyze ${quoted(name)}`)
}
