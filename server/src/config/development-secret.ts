import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The secret that development generates for itself: kept in the data folder, readable by its owner only, so that tokens
 * outlive a restart and no secret stands in the repository. Of several processes that start at once, one makes it.
 */
export function developmentSecret(folder: string): string {
  const file = join(folder, 'development-secret')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, randomBytes(64).toString('hex'), { mode: 0o600 })
  try {
    linkSync(draft, file) // whole or not at all, and only if there is none
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(file, 'utf8')
}
