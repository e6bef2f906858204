import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const STICKY = 0o1000
const WRITABLE_BY_OTHERS = 0o022
const OPEN_TO_OTHERS = 0o077

/**
 * Keeps compiled code between starts, which makes every start but the first a third faster. Whoever can write there decides what
 * runs, so the folder has to be ours alone; where it cannot be, there is no cache. By default Node.js takes one that any user of the
 * machine may have made before us. An operator can name another one in NODE_COMPILE_CACHE.
 */
export function keepCompiledCode() {
  if (process.env.NODE_COMPILE_CACHE || !process.getuid) module.enableCompileCache()
  else {
    const folder = join(tmpdir(), `tessera-compile-cache-${process.getuid()}`)
    if (isOurs(folder)) module.enableCompileCache(folder)
  }
}

/** Makes the folder if it is not there, and says whether no other user can change what is in it, or replace it. */
export function isOurs(folder) {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (error.code !== 'EEXIST') return false
  }
  const [own, parent] = [lstatSync(folder), lstatSync(dirname(folder))]
  const uid = process.getuid()
  const isReplaceable =
    (parent.uid !== 0 && parent.uid !== uid) ||
    ((parent.mode & WRITABLE_BY_OTHERS) !== 0 && (parent.mode & STICKY) === 0)
  return own.isDirectory() && own.uid === uid && (own.mode & OPEN_TO_OTHERS) === 0 && !isReplaceable
}
