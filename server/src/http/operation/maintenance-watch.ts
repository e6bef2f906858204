import type { Log } from '../../observe/log.ts'
import type { Database } from '../../storage/database/database.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { describeMaintenance, type Maintenance, readMaintenance } from '../../storage/transfer/maintenance.ts'

/** Knows whether this process may serve, as the database said a moment ago. Requests only look at a variable. */
export class MaintenanceWatch {
  readonly #db: Database
  readonly #log: Log
  #current: Maintenance | null = null
  #mayWrite = true
  readonly #waiting: (() => Promise<void>)[] = []

  readonly #onCannotStart: () => void

  /** @param onCannotStart called when steps that waited fail, as they would fail a start */
  constructor(db: Database, log: Log, onCannotStart: () => void) {
    this.#db = db
    this.#log = log
    this.#onCannotStart = onCannotStart
  }

  /** The maintenance that is on; null while clients are served. */
  readonly current = (): Maintenance | null => this.#current

  /** Whether a start and background jobs may change rows: not while a move has them. */
  readonly mayWrite = (): boolean => this.#mayWrite

  /** Runs the steps of a start that write: now, or in this order when a move leaves the database to this process again. */
  readonly whenWritable = async (steps: () => Promise<void>): Promise<void> => {
    if (this.#mayWrite) await steps()
    else this.#waiting.push(steps)
  }

  /** Reads the database. Clients are served again once the steps that waited are done. */
  async read(): Promise<void> {
    const found = await readMaintenance(this.#db)
    this.#mayWrite = found === null || found.state === 'on'
    if (this.#mayWrite) await this.#runWaiting()
    if (found?.state === this.#current?.state) return
    if (found === null) {
      this.#log.warn({}, 'maintenance is over: requests are served again')
    } else {
      const { state, since, other } = found
      const about = { state, since: since.toISOString(), other: other ?? undefined }
      this.#log.warn(about, `requests are answered 503: ${describeMaintenance(found)}`)
    }
    this.#current = found
  }

  /** Steps that the database fails run again at the next reading. */
  async #runWaiting(): Promise<void> {
    for (let steps = this.#waiting[0]; steps; steps = this.#waiting[0]) {
      try {
        await steps()
      } catch (error) {
        if (!(error instanceof Unavailable)) this.#reportFailedStart(error as Error)
        throw error
      }
      if (this.#waiting[0] === steps) this.#waiting.shift()
    }
  }

  #reportFailedStart({ message }: Error): void {
    this.#log.error({ reason: message }, 'the database may be served again, but this server cannot start')
    this.#onCannotStart()
  }
}
