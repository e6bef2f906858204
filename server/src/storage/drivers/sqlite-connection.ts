import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Sql } from 'sql-template-tag'
import { Conflict, FENCED, Fenced, Unavailable, UniqueViolation } from '../database/errors.ts'
import { toParameter } from './parameter.ts'

interface Prepared {
  statement: StatementSync
  dateColumns: string[]
}

/** One SQLite connection with prepared statements. Rows are as `Queries` promises, errors are those of `errors.ts`. */
export class SqliteConnection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(file: string, options: { readOnly: boolean }) {
    // Timeout 0: SQLite's own wait for a lock would block the event loop; the write queue waits with a timer instead.
    this.#database = translateErrors(() => new DatabaseSync(file, { readOnly: options.readOnly, timeout: 0 }))
    // SQLite's own function changes ASCII only; PostgreSQL's changes all of Unicode.
    this.#database.function('lower', { deterministic: true }, (text) =>
      typeof text === 'string' ? text.toLowerCase() : text,
    )
  }

  run<Row extends object>(statement: Sql): Row[] {
    return translateErrors(() => {
      const prepared = this.#prepare(statement.sql)
      const rows = prepared.statement.all(...statement.values.map(toParameter)) as Record<string, unknown>[]
      for (const row of rows) {
        for (const column of prepared.dateColumns) {
          const text = row[column]
          if (typeof text === 'string') row[column] = new Date(text)
        }
      }
      return rows as Row[]
    })
  }

  script(text: string): void {
    translateErrors(() => this.#database.exec(text))
  }

  /** False after SQLite rolled back a transaction by itself, as it does when the disk is full. */
  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    this.#database.close()
  }

  #prepare(text: string): Prepared {
    let prepared = this.#prepared.get(text)
    if (!prepared) {
      const statement = this.#database.prepare(text)
      const columns = statement.columns().map((column) => column.name)
      prepared = { statement, dateColumns: columns.filter((name) => /(^|_)at$/.test(name)) }
      this.#prepared.set(text, prepared)
    }
    return prepared
  }
}

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY_OR_LOCKED = new Set([5, 6, 15 /* PROTOCOL: lost a race for the WAL */])
const CANNOT_WRITE = new Set([8 /* READONLY */, 10 /* IOERR */, 13 /* FULL */])
const OUTAGES = new Set([...CANNOT_WRITE, 14 /* CANTOPEN */])
const DAMAGES = new Set([11 /* CORRUPT */, 26 /* NOTADB */])
const TRIGGER = 1811
const UNIQUE_OR_PRIMARY_KEY = new Set([2067, 1555])

function translateErrors<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = (error as { errcode?: number }).errcode
    if (typeof code !== 'number') throw error
    const primary = code & 0xff
    if (BUSY_OR_LOCKED.has(primary)) throw new Conflict('SQLite is busy', { cause: error })
    if (OUTAGES.has(primary) || DAMAGES.has(primary)) {
      const [isDamaged, cannotWrite] = [DAMAGES.has(primary), CANNOT_WRITE.has(primary)]
      throw new Unavailable(`SQLite: ${(error as Error).message}`, { cause: error, isDamaged, cannotWrite })
    }
    if (code === TRIGGER && (error as Error).message === FENCED) throw new Fenced()
    if (UNIQUE_OR_PRIMARY_KEY.has(code)) {
      throw new UniqueViolation((error as Error).message.replace('UNIQUE constraint failed: ', ''))
    }
    throw error
  }
}
