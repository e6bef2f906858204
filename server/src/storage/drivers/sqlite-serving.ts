import { chownSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Held by a process while it uses a SQLite file in a way that others should know of. */
export interface FileClaim {
  /** Whether no other process has it. */
  isAlone: boolean
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Claims a SQLite file for a server, with a lock of the operating system on a file beside it: the lock ends with its
 * process, however that dies.
 *
 * @throws {Error} with the path, if that file cannot be locked by this user
 */
export function claimServing(file: string): FileClaim {
  return claim(file, `${file}-serving`)
}

/** Claims a SQLite file for the one command that moves or replaces its rows, in the same way. */
export function claimMoving(file: string): FileClaim {
  return claim(file, `${file}-moving`)
}

function claim(file: string, path: string): FileClaim {
  const lock = new DatabaseSync(path, { timeout: 0, open: false })
  try {
    const isNew = !existsSync(path)
    closeSync(openSync(path, 'a', 0o600)) // another user could hold the lock
    if (isNew) leaveToOwner(file, path)
    lock.open()
    lock.exec('begin exclusive')
    return { isAlone: true, release: () => lock.close() }
  } catch (error) {
    if (lock.isOpen) lock.close()
    const { errcode = 0, message } = error as Error & { errcode?: number }
    if ((errcode & 0xff) === SQLITE_BUSY) return { isAlone: false, release() {} }
    throw new Error(`The file ${path} cannot be locked: ${message}.`, { cause: error })
  }
}

/** Gives what root has made to the owner of the database, as SQLite does with its own files. */
function leaveToOwner(file: string, path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(file)) return
  const { uid, gid } = statSync(file)
  chownSync(path, uid, gid)
}
