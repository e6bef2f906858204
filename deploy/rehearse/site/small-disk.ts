import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of 256 KB that can be filled: a file system in memory, which only root may mount. */
export interface SmallDisk {
  folder: string
  fill(): void
  /** Makes room again. */
  clear(): void
  hasRoom(): boolean
  unmount(): void
}

const BYTES = 256 * 1024

/** Whether this account may mount one; in some containers root may not. */
export function canMountDisks(): boolean {
  if (process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'tessera-small-disk-'))
  try {
    mountSmallDisk(folder).unmount()
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}

/** Mounts one over a folder, until the caller unmounts it or exits. */
export function mountSmallDisk(folder: string): SmallDisk {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${BYTES}`, 'tmpfs', folder], { stdio: 'ignore' })
  let isMounted = true
  const unmount = () => {
    if (isMounted) spawnSync('umount', ['--lazy', folder], { stdio: 'ignore' })
    isMounted = false
  }
  process.prependOnceListener('exit', unmount) // before its folder is deleted
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    clear: () => rmSync(filler, { force: true }),
    hasRoom: () => statfsSync(folder).bavail > 0,
    unmount,
  }
}
