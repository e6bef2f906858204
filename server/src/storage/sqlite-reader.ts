import type { Sql } from 'sql-template-tag'
import type { SqliteConnection } from './sqlite-connection.ts'

interface Read {
  statement: Sql
  resolve: (rows: never[]) => void
  reject: (error: unknown) => void
}

/**
 * Reads, those of one turn of the event loop together at its end: a lock on the file for all instead of one for each, and
 * one after another while SQLite's code is in the processor's cache. They begin after all of them were asked for, so each
 * sees whatever was committed before it.
 */
export class SqliteReader {
  readonly #connection: SqliteConnection
  #waiting: Read[] = []

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  read<Row extends object>(statement: Sql): Promise<Row[]> {
    return new Promise<Row[]>((resolve, reject) => {
      if (this.#waiting.push({ statement, resolve, reject }) === 1) setImmediate(() => this.#readTogether())
    })
  }

  /** Answers who is waiting first. */
  close(): void {
    this.#readTogether()
    this.#connection.close()
  }

  #readTogether(): void {
    const reads = this.#waiting
    if (reads.length === 0) return
    this.#waiting = []
    try {
      // Refused inside a transaction that could not be ended, which would go on to show the past.
      this.#connection.script('begin')
      const answers = reads.map((read) => this.#answer(read))
      this.#connection.script('end')
      for (const answer of answers) answer()
    } catch (error) {
      for (const { reject } of reads) reject(error)
    }
  }

  /** One that fails is its own answer. */
  #answer({ statement, resolve, reject }: Read): () => void {
    try {
      const rows = this.#connection.run<never>(statement)
      return () => resolve(rows)
    } catch (error) {
      return () => reject(error)
    }
  }
}
