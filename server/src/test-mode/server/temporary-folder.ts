import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders = new Set<string>()

/** Makes a folder that is removed when the process exits, at the latest. */
export function makeTemporaryFolder(): { folder: string; remove(): void } {
  if (folders.size === 0) process.once('exit', removeAll)
  const folder = mkdtempSync(join(tmpdir(), 'tessera-test-'))
  folders.add(folder)
  return {
    folder,
    remove() {
      folders.delete(folder)
      if (folders.size === 0) process.off('exit', removeAll)
      removeFolder(folder)
    },
  }
}

function removeAll(): void {
  for (const folder of folders) removeFolder(folder)
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
