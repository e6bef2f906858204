import type { Database } from '../../storage/database/database.ts'
import { eachPage, type NormalRow } from '../../storage/transfer/read-pages.ts'
import type { MovedTable } from '../../storage/transfer/tables.ts'
import { insertRows } from '../../storage/transfer/write-rows.ts'
import { CommandError } from '../terminal/command-error.ts'
import { TableDigest } from './digest.ts'
import { showProgress } from './progress.ts'

/** A table with the digest of its rows at the source. */
export interface CopiedTable {
  table: MovedTable
  source: TableDigest
}

interface Work {
  source: Database
  target: Database
  tables: readonly MovedTable[]
  /** For the progress. */
  totalRows: number
  stopping: AbortSignal
}

/** Copies all rows, table by table, in the order of their keys. */
export async function copyRows({ source, target, tables, totalRows, stopping }: Work): Promise<CopiedTable[]> {
  const progress = showProgress('copied', totalRows)
  const copied: CopiedTable[] = []
  try {
    for (const table of tables) {
      const digest = new TableDigest()
      await eachPage(source, table, async (rows) => {
        if (stopping.aborted) throw new CommandError('The move was stopped.')
        digest.add(rows)
        await insertRows(target, table, rows)
        progress.add(rows.length)
      })
      copied.push({ table, source: digest })
    }
    return copied
  } finally {
    progress.stop()
  }
}

/** A table whose rows are the same in both databases. */
export interface ComparedTable {
  table: string
  rows: number
  digest: string
}

/**
 * Reads all rows back from the target, and compares them with those of the source.
 *
 * @throws {CommandError} that names the first row that differs
 */
export async function compareRows(copied: readonly CopiedTable[], { source, target, totalRows, stopping }: Work) {
  const progress = showProgress('compared', totalRows)
  const compared: ComparedTable[] = []
  try {
    for (const { table, source: expected } of copied) {
      const digest = new TableDigest()
      let differing: { page: number; rows: readonly NormalRow[] } | null = null
      await eachPage(target, table, async (rows) => {
        if (stopping.aborted) throw new CommandError('The move was stopped.')
        const page = digest.pages.length
        digest.add(rows)
        if (digest.pages[page] !== expected.pages[page]) differing ??= { page, rows }
        progress.add(rows.length)
      })
      if (differing !== null) throw await difference(source, table, differing)
      if (digest.rows !== expected.rows)
        throw new CommandError(`The table ${table.name} has ${expected.rows} rows, and ${digest.rows} at the target.`)
      compared.push({ table: table.name, rows: digest.rows, digest: digest.digest() })
    }
    return compared
  } finally {
    progress.stop()
  }
}

/** Finds the row by which a page differs, and names its key and column: no value, which may be secret. */
async function difference(
  source: Database,
  table: MovedTable,
  { page, rows: found }: { page: number; rows: readonly NormalRow[] },
): Promise<CommandError> {
  const expected: NormalRow[] = []
  let read = 0
  await eachPage(source, table, async (rows) => {
    if (read++ === page) expected.push(...rows)
  })
  const key = table.columns.indexOf(table.key)
  const length = Math.max(expected.length, found.length)
  for (let index = 0; index < length; index++) {
    const [mine, theirs] = [expected[index], found[index]]
    const column = table.columns.findIndex((_, place) => mine?.[place] !== theirs?.[place])
    if (column === -1) continue
    const place = `${table.columns[column]?.name} of the row ${mine?.[key] ?? theirs?.[key]} of ${table.name}`
    return new CommandError(`The databases differ: ${place}.`)
  }
  return new CommandError(`The databases differ in ${table.name}.`)
}
