import { setTimeout as sleep } from 'node:timers/promises'

/** A unique column already holds this value. `column` reads `table.column` on both dialects. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
  readonly column: string
  constructor(column: string) {
    super(`not unique: ${column}`)
    this.column = column
  }
}

/** Deadlock, serialization failure or busy: the transaction was rolled back and may be run again. */
export class Conflict extends Error {
  override readonly name: string = 'Conflict'
}

/** The connection is of no use any more, while the database is well: another connection may run the work again. */
export class StaleConnection extends Conflict {
  override readonly name = 'StaleConnection'
}

/** The names of an error that no caller expects. They say where it happened, and nothing of any row. */
export interface DatabaseErrorPlace {
  /** SQLSTATE */
  code: string
  table: string | undefined
  column: string | undefined
  constraint: string | undefined
  routine: string | undefined
}

/** A bug, or a schema that is another one than ours: told by its names alone, since a log must not hold a row. */
export class UnexpectedDatabaseError extends Error {
  override readonly name = 'UnexpectedDatabaseError'
  readonly place: DatabaseErrorPlace
  constructor(place: DatabaseErrorPlace) {
    const names = [place.table, place.column, place.constraint].filter(Boolean).join(', ')
    super(`unexpected database error ${place.code}${names && ` (${names})`}`)
    this.place = place
  }
}

/** The database cannot be reached or cannot write. Whether a commit under way took effect is unknown. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  /** The connection ended at once, rather than after a time-out: trying again may find another one at work. */
  readonly connectionLost: boolean
  constructor(message: string, options: { cause?: unknown; connectionLost?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.connectionLost = options.connectionLost ?? false
  }
}

const RERUNS_AFTER_CONFLICT = 3

/** Told of what the database went through without anybody else noticing. */
export type OnRecoveredError = (error: Error) => void

export async function rerunAfterConflict<T>(run: () => Promise<T>, onRecoveredError: OnRecoveredError): Promise<T> {
  for (let reruns = 0; ; reruns++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      onRecoveredError(error)
      if (reruns === RERUNS_AFTER_CONFLICT) throw new Unavailable('conflicts did not end', { cause: error })
      await sleep(5 * 2 ** reruns)
    }
  }
}
