import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { CommandError } from '../terminal/command-error.ts'

interface NewFile {
  name: string
  text: string
  isSecret?: boolean
}

/**
 * Writes files into this folder, all or none. A file with secrets is only for this account, from its first byte on.
 *
 * @param options.force whether files that exist are replaced; a link is replaced, and what it leads to stays
 * @throws {CommandError} that names a file which exists
 */
export function writeNewFiles(files: readonly NewFile[], { force }: { force: boolean }): void {
  const existing = files.find(({ name }) => lstatSync(name, { throwIfNoEntry: false }))
  if (existing && !force)
    throw new CommandError(`${existing.name} exists, and nothing was written; pass --force to replace it.`)
  for (const { name, text, isSecret = false } of files) {
    const written = `${name}.${process.pid}.new`
    try {
      writeFileSync(written, text, { flag: 'wx', mode: isSecret ? 0o600 : 0o644 })
      renameSync(written, name)
    } catch (error) {
      rmSync(written, { force: true })
      throw new CommandError(`${name} cannot be written: ${(error as Error).message}.`)
    }
  }
}
