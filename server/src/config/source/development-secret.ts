import { randomBytes } from 'node:crypto'
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'development-secret'

/** Returns the secret that a development server has generated; null if none has started yet. */
export function findDevelopmentSecret(folder: string): string | null {
  try {
    return readFileSync(join(folder, NAME), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

/**
 * Returns the secret of a development server, which is generated at the first start. It is kept in the data folder,
 * readable only by its owner, so that tokens survive a restart and the repository contains no secret. Of processes that
 * start at the same time, one creates it.
 */
export function developmentSecret(folder: string): string {
  const existing = findDevelopmentSecret(folder)
  if (existing !== null) return existing
  const file = join(folder, NAME)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, randomBytes(64).toString('hex'), { mode: 0o600 })
  try {
    linkOrCopy(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(file, 'utf8')
}

/** Makes a file appear at once, with its content; fails with EEXIST if it is there. */
function linkOrCopy(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    // Some file systems have no hard links: folders that are shared with a virtual machine, exFAT.
    copyFileSync(draft, file, constants.COPYFILE_EXCL)
  }
}
