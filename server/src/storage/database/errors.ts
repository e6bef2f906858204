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

/** A deadlock, a serialization failure or a busy database: the transaction was rolled back and may run again. */
export class Conflict extends Error {
  override readonly name: string = 'Conflict'
}

/** The connection can no longer be used, but the database works: the transaction may run again on another connection. */
export class StaleConnection extends Conflict {
  override readonly name = 'StaleConnection'
}

/** The names in an unexpected error. They tell where it happened and contain no data of a row. */
interface DatabaseErrorPlace {
  /** SQLSTATE */
  code: string
  table: string | undefined
  column: string | undefined
  constraint: string | undefined
  routine: string | undefined
}

/** A bug, or a schema that Tessera did not create. The message has only names, because a log must not contain a row. */
export class UnexpectedDatabaseError extends Error {
  override readonly name = 'UnexpectedDatabaseError'
  readonly place: DatabaseErrorPlace
  constructor(place: DatabaseErrorPlace) {
    const names = [place.table, place.column, place.constraint].filter(Boolean).join(', ')
    super(`unexpected database error ${place.code}${names && ` (${names})`}`)
    this.place = place
  }
}

type Circumstance = 'connectionLost' | 'timedOut' | 'cannotWrite' | 'isDamaged'

/** The database cannot be reached or cannot write. Whether a commit in progress took effect is unknown. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  /** Whether the connection ended, rather than timed out: a retry may get one that works. */
  readonly connectionLost: boolean
  /** Whether it has no room left, or can only be read. */
  readonly cannotWrite: boolean
  /** Whether its files are damaged: no retry helps, only a backup. */
  readonly isDamaged: boolean
  /** Whether the statement took too long: a smaller one may succeed. */
  readonly timedOut: boolean
  constructor(message: string, options: { cause?: unknown } & Partial<Record<Circumstance, boolean>> = {}) {
    super(message, { cause: options.cause })
    this.connectionLost = options.connectionLost ?? false
    this.cannotWrite = options.cannotWrite ?? false
    this.isDamaged = options.isDamaged ?? false
    this.timedOut = options.timedOut ?? false
  }
}

/** The text of the errors of {@link Fenced} in SQLite. */
export const FENCED = 'tessera: fenced'

/** The database refuses changes, because its rows are moved to another one, or were. */
export class Fenced extends Unavailable {
  constructor() {
    super('it can only be read, because its rows are being moved, or were; see: tessera maintenance')
  }
}

const RERUNS_AFTER_CONFLICT = 3

/** Called with errors that were recovered from, so that they can be logged. */
export type OnRecoveredError = (error: Error) => void

export async function rerunAfterConflict<T>(run: () => Promise<T>, onRecoveredError: OnRecoveredError): Promise<T> {
  for (let reruns = 0; ; reruns++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      onRecoveredError(error)
      if (reruns === RERUNS_AFTER_CONFLICT)
        throw new Unavailable(`gave up after repeated conflicts: ${error.message}`, { cause: error })
      await sleep(5 * 2 ** reruns)
    }
  }
}

/** Counts an error among the troubles of a database. */
export function noteTrouble(troubles: { cannotWrite: number; damage: Unavailable | null }, error: unknown): void {
  if (!(error instanceof Unavailable)) return
  if (error.cannotWrite) troubles.cannotWrite++
  if (error.isDamaged) troubles.damage ??= error
}
