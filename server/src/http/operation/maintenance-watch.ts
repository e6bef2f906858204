import type { Log } from '../../observe/log.ts'
import type { Database } from '../../storage/database/database.ts'
import { describeMaintenance, type Maintenance, readMaintenance } from '../../storage/transfer/maintenance.ts'

/** Knows whether this process may serve, as the database said a moment ago. Requests only look at a variable. */
export class MaintenanceWatch {
  readonly #db: Database
  readonly #log: Log
  #current: Maintenance | null = null
  #waiting: (() => Promise<void>) | null = null

  constructor(db: Database, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** The maintenance that is on; null while clients are served. */
  readonly current = (): Maintenance | null => this.#current

  /** Runs the steps of a start that write: now, or when a move leaves the database to this process again. */
  async whenWritable(steps: () => Promise<void>): Promise<void> {
    if (this.#current === null || this.#current.state === 'on') await steps()
    else this.#waiting = steps
  }

  /** Reads the database. Clients are served again once the steps that waited are done. */
  async read(): Promise<void> {
    const found = await readMaintenance(this.#db)
    if (found?.state === this.#current?.state) return
    if (found === null) {
      await this.#waiting?.()
      this.#waiting = null
      this.#log.warn({}, 'maintenance is over: requests are served again')
    } else {
      const { state, since, other } = found
      const about = { state, since: since.toISOString(), other: other ?? undefined }
      this.#log.warn(about, `requests are answered 503: ${describeMaintenance(found)}`)
    }
    this.#current = found
  }
}
