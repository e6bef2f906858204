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
      this.#connection.script('begin')
    } catch (error) {
      this.#end() // one that could not be ended before would go on to show the past
      for (const { reject } of reads) reject(error)
      return
    }
    const answers = reads.map((read) => this.#answer(read))
    this.#end()
    for (const answer of answers) answer()
  }

  /** What was read stays right if this fails. */
  #end(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.script('end') // SQLite ends it itself when the disk fails
    } catch {
      // The next begin says why.
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
