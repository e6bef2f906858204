import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import type { Database, Queries } from '../database/database.ts'
import { type NormalValue, normalValue } from './normal-value.ts'
import { FACTS_OF_A_DATABASE } from './own-facts.ts'
import type { MovedTable } from './tables.ts'

/** A row in the order of the table's columns. */
export type NormalRow = readonly NormalValue[]

export const PAGE_ROWS = 4000

export async function countRows(db: Queries, table: Pick<MovedTable, 'name'>): Promise<number> {
  const [row] = await db.query<{ rows: number }>(sql`
    select count(*) as rows from ${quoted(table.name)} where ${isMoved(table)}`)
  return row?.rows ?? 0
}

/** Reads a table in the order of its keys, in pages of which only the last one is not full. */
export function eachPage(
  db: Database,
  table: MovedTable,
  onPage: (rows: readonly NormalRow[]) => Promise<void>,
): Promise<void> {
  return db.dialect === 'sqlite' ? pagesOfSqlite(db, table, onPage) : pagesOfPostgres(db, table, onPage)
}

type ReadRow = Record<string, unknown>

/** Seeks each page by the last key of the one before, while nothing can change. */
async function pagesOfSqlite(
  db: Queries,
  table: MovedTable,
  onPage: (rows: readonly NormalRow[]) => Promise<void>,
): Promise<void> {
  const key = quoted(table.key.name)
  let last: unknown = null
  for (;;) {
    const after: Sql = last === null ? empty : sql`and ${key} > ${last as string | number}`
    const rows = await db.query<ReadRow>(sql`
      select ${columnsOf(table)} from ${quoted(table.name)} where ${isMoved(table)} ${after} order by ${key} limit ${PAGE_ROWS}`)
    if (rows.length > 0) await onPage(rows.map((row) => normalRow(row, table)))
    if (rows.length < PAGE_ROWS) return
    last = rows.at(-1)?.[table.key.name]
  }
}

/** Reads from a cursor: the rows are sorted once, whichever indexes there are. */
async function pagesOfPostgres(
  db: Database,
  table: MovedTable,
  onPage: (rows: readonly NormalRow[]) => Promise<void>,
): Promise<void> {
  const order = sql`${quoted(table.key.name)} ${table.key.type === 'text' ? raw('collate "C"') : empty}`
  await db.transaction(async (tx) => {
    await tx.query(sql`
      declare moved no scroll cursor for
      select ${columnsOf(table)} from ${quoted(table.name)} where ${isMoved(table)} order by ${order}`)
    for (;;) {
      const rows = await tx.query<ReadRow>(sql`fetch ${raw(String(PAGE_ROWS))} from moved`)
      if (rows.length > 0) await onPage(rows.map((row) => normalRow(row, table)))
      if (rows.length < PAGE_ROWS) return
    }
  })
}

function normalRow(row: ReadRow, { name, key, columns }: MovedTable): NormalRow {
  return columns.map((column) => {
    try {
      return normalValue(row[column.name], column.type)
    } catch (error) {
      const place = `${column.name} of the row ${row[key.name]} of ${name}`
      throw new TypeError(`${place} cannot be moved: ${(error as Error).message}`, { cause: error })
    }
  })
}

function columnsOf({ columns }: MovedTable): Sql {
  return join(
    columns.map(({ name }) => quoted(name)),
    ', ',
  )
}

function isMoved({ name }: Pick<MovedTable, 'name'>): Sql {
  return name === 'installation' ? sql`name not in (${join(FACTS_OF_A_DATABASE)})` : sql`1 = 1`
}

/** Names of tables and columns come out of the schema. */
export function quoted(name: string): Sql {
  return raw(`"${name.replaceAll('"', '""')}"`)
}
