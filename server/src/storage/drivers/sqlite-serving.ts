import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Held by a process while it uses a SQLite file in a way that others should know of. */
export interface FileClaim {
  /** Whether no other process has it. */
  isAlone: boolean
  release(): void
}

/**
 * Claims a SQLite file for a server, with a lock of the operating system on a file beside it: the lock ends with its
 * process, however that dies.
 */
export function claimServing(file: string): FileClaim {
  return claim(`${file}-serving`)
}

/** Claims a SQLite file for the one command that moves its rows, in the same way. */
export function claimMoving(file: string): FileClaim {
  return claim(`${file}-moving`)
}

function claim(path: string): FileClaim {
  const lock = new DatabaseSync(path, { timeout: 0, open: false })
  try {
    closeSync(openSync(path, 'a', 0o600)) // another user could hold the lock
    lock.open()
    lock.exec('begin exclusive')
    return { isAlone: true, release: () => lock.close() }
  } catch {
    if (lock.isOpen) lock.close()
    return { isAlone: false, release() {} }
  }
}
