import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * How often a process told the disk to keep what it wrote while something was done, counted by strace from outside.
 *
 * @returns null where there is no strace
 */
export async function countSyncs(pid: number, during: () => Promise<unknown>): Promise<number | null> {
  if (spawnSync('strace', ['--version']).error) return null
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const trace = join(folder, 'trace')
  const options = ['-f', '-e', 'trace=fsync,fdatasync', '-o', trace, '-p', String(pid)]
  const strace = spawn('strace', options, { stdio: 'ignore' })
  await sleep(500) // until it has taken hold of every thread
  await during()
  strace.kill('SIGINT')
  await once(strace, 'close')
  const count = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /\bf(data)?sync\(/.test(line)).length
  rmSync(folder, { recursive: true })
  return count
}
