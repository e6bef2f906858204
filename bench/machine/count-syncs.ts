import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Counts the fsyncs of a process while something runs. Returns null if strace is not installed. */
export async function countSyncs(pid: number, during: () => Promise<unknown>): Promise<number | null> {
  if (spawnSync('strace', ['--version']).error) return null
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const trace = join(folder, 'trace')
  const options = ['-f', '-e', 'trace=fsync,fdatasync', '-o', trace, '-p', String(pid)]
  const strace = spawn('strace', options, { stdio: 'ignore' })
  await sleep(500) // strace needs this long to attach to every thread
  await during()
  strace.kill('SIGINT')
  await once(strace, 'close')
  const count = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /\bf(data)?sync\(/.test(line)).length
  rmSync(folder, { recursive: true })
  return count
}
