import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Unavailable } from '../database/errors.ts'

/** The files beside a database that belong to it, and would be applied to any other one in its place. */
const SUFFIXES = ['', '-wal', '-shm'] as const

/**
 * Writes a copy of a database that is being served, as of one moment, to a new file that only its owner can read. The copy
 * is checked, and appears under its name only when it is whole.
 *
 * @returns the bytes of the copy
 * @throws {Unavailable} if it cannot be written, or is not sound
 */
export function copySqlite(file: string, target: string): number {
  const draft = `${target}.incomplete`
  try {
    closeSync(openSync(target, 'wx', 0o600)) // the name is taken from now on
    closeSync(openSync(draft, 'wx', 0o600)) // SQLite would create it readable for all
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    try {
      database.prepare('vacuum into ?').run(draft)
    } finally {
      database.close()
    }
    requireSound(draft)
    sync(draft)
    renameSync(draft, target)
    sync(dirname(target))
    return statSync(target).size
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (!isTaken) for (const path of [draft, target]) rmSync(path, { force: true })
    throw new Unavailable(isTaken ? `${target} exists already` : (error as Error).message, { cause: error })
  }
}

/**
 * Puts a backup in the place of a database that is not served. What was there is kept under new names.
 *
 * @returns the name of the former database; null if there was none
 * @throws {Unavailable} if the backup is not sound; then nothing has changed
 */
export function replaceSqlite(file: string, backup: string, now: Date): string | null {
  const draft = `${file}.incomplete`
  try {
    requireSound(backup)
    rmSync(draft, { force: true })
    copyFileSync(backup, draft)
    chmodSync(draft, 0o600)
    requireSound(draft)
    sync(draft)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error instanceof Unavailable ? error : new Unavailable((error as Error).message, { cause: error })
  }
  const former = `${file}.before-restore-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  const hadOne = existsSync(file)
  // The log of changes goes first: applied to another file, it would destroy it.
  for (const suffix of SUFFIXES.toReversed()) if (existsSync(file + suffix)) renameSync(file + suffix, former + suffix)
  renameSync(draft, file)
  sync(dirname(file))
  return hadOne ? former : null
}

/** Reads a whole file. @throws {Unavailable} if it is no database of Tessera, or damaged */
function requireSound(file: string): void {
  let problem: string | undefined
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      const result = database.prepare('pragma integrity_check(1)').get()
      problem = result?.['integrity_check'] === 'ok' ? undefined : String(result?.['integrity_check'])
      database.prepare('select name from migrations limit 1').get()
    } finally {
      database.close()
    }
  } catch (error) {
    problem = (error as Error).message
  }
  if (problem !== undefined) throw new Unavailable(`${file} is not a sound database of Tessera: ${problem}`)
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
