import type { Sql } from 'sql-template-tag'
import type { Troubles } from '../database/database.ts'
import { noteTrouble } from '../database/errors.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

interface Read {
  statement: Sql
  resolve: (rows: never[]) => void
  reject: (error: unknown) => void
}

/**
 * Runs the reads of one turn of the event loop together at its end. They share one lock on the file, and follow each other
 * while SQLite's code is in the processor's cache. They begin after all of them were requested, so each sees everything
 * that was committed before its request.
 */
export class SqliteReader {
  readonly #connection: SqliteConnection
  #waiting: Read[] = []
  readonly troubles: Troubles = { cannotWrite: 0, damage: null }

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  read<Row extends object>(statement: Sql): Promise<Row[]> {
    return new Promise<Row[]>((resolve, reject) => {
      if (this.#waiting.push({ statement, resolve, reject }) === 1) setImmediate(() => this.#readTogether())
    })
  }

  /** Runs the reads that still wait, then closes. */
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
      this.#end() // an earlier transaction that could not be ended would keep showing old data
      noteTrouble(this.troubles, error)
      for (const { reject } of reads) reject(error)
      return
    }
    const settlers = reads.map((read) => this.#run(read))
    this.#end()
    for (const settle of settlers) settle()
  }

  /** Ends the transaction. A failure does not invalidate the reads. */
  #end(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.script('end') // SQLite ends it itself when the disk fails
    } catch {
      // The next `begin` reports the cause.
    }
  }

  /** Runs one read and returns the function that settles it. An error rejects only this read. */
  #run({ statement, resolve, reject }: Read): () => void {
    try {
      const rows = this.#connection.run<never>(statement)
      return () => resolve(rows)
    } catch (error) {
      noteTrouble(this.troubles, error)
      return () => reject(error)
    }
  }
}
