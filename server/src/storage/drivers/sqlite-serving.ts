import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Held by a server while it serves a SQLite file. */
export interface ServingClaim {
  /** Whether no other server serves the file. */
  isAlone: boolean
  release(): void
}

/**
 * Claims a SQLite file for a server, with a lock of the operating system on a file beside it: the lock ends with its
 * process, however that dies.
 */
export function claimServing(file: string): ServingClaim {
  const lock = new DatabaseSync(`${file}-serving`, { timeout: 0, open: false })
  try {
    closeSync(openSync(`${file}-serving`, 'a', 0o600)) // another user could hold the lock
    lock.open()
    lock.exec('begin exclusive')
    return { isAlone: true, release: () => lock.close() }
  } catch {
    if (lock.isOpen) lock.close()
    return { isAlone: false, release() {} }
  }
}
