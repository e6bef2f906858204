import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { Unavailable } from '../database/errors.ts'

/** A table whose rows are moved. */
export interface MovedTable {
  name: string
  /** The column of its primary key, in whose order the rows are read. */
  key: Column
  columns: readonly Column[]
}

export interface Column {
  name: string
  /** As PostgreSQL names it. */
  type: string
}

/** The schema's own table: each database has applied its migrations itself. */
const NOT_MOVED = ['migrations']

/** Returns the tables of a SQLite database; a table comes after those that it refers to. */
export async function findSourceTables(source: Queries): Promise<string[]> {
  const rows = await source.query<{ name: string }>(sql`
    select name from sqlite_schema where type = 'table' and name not glob 'sqlite_*' order by name`)
  const waiting = rows.map(({ name }) => name).filter((name) => !NOT_MOVED.includes(name))
  const ordered: string[] = []
  const visit = async (table: string) => {
    if (ordered.includes(table)) return
    for (const { name } of await source.query<{ name: string }>(sql`
      select distinct "table" as name from pragma_foreign_key_list(${table})`))
      if (name !== table) await visit(name)
    ordered.push(table)
  }
  for (const table of waiting) await visit(table)
  return ordered
}

/**
 * Matches the tables of both databases.
 *
 * @throws {Unavailable} if a column is in one of them only, so that a value would be lost or made up
 */
export async function matchTables(source: Queries, target: Queries): Promise<MovedTable[]> {
  const tables: MovedTable[] = []
  for (const name of await findSourceTables(source)) {
    const own = await source.query<{ name: string; pk: number }>(sql`select name, pk from pragma_table_info(${name})`)
    const types = await readTypes(target, name)
    const columns = own.map((column) => ({ name: column.name, type: types.get(column.name)?.type ?? '' }))
    const missing = columns.find(({ type }) => type === '')
    if (missing) throw new Unavailable(`the target has no column ${missing.name} of ${name}`)
    const extra = [...types].find(([column, { isRequired }]) => isRequired && !own.some((mine) => mine.name === column))
    if (extra) throw new Unavailable(`the source has no column ${extra[0]} of ${name}`)
    const key = columns.find((column) => own.some((mine) => mine.name === column.name && mine.pk === 1))
    if (!key) throw new Unavailable(`the table ${name} has no primary key`)
    tables.push({ name, key, columns })
  }
  return tables
}

async function readTypes(target: Queries, table: string): Promise<Map<string, { type: string; isRequired: boolean }>> {
  const rows = await target.query<{ name: string; type: string; is_required: boolean }>(sql`
    select attname as name, format_type(atttypid, null) as type,
      attnotnull and not atthasdef and attidentity = '' as is_required
    from pg_attribute where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped`)
  return new Map(rows.map(({ name, type, is_required: isRequired }) => [name, { type, isRequired }]))
}
