import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const TESSERA = join(import.meta.dirname, '../server/bin/tessera.js')
const COMMANDS = { Tessera: [TESSERA, 'start'], floor: [join(import.meta.dirname, 'floor.ts')] }

/**
 * Starts a server process in an empty folder, which the caller removes; without limits, which would be measured instead.
 * Its log goes to a file there: a pipe would be read at the cost of the load, or fill up.
 */
export async function startServer(
  settings: Record<string, string>,
  which: keyof typeof COMMANDS = 'Tessera',
): Promise<{ url: string; child: ChildProcess; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const log = join(folder, 'log')
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', RATE_LIMIT: 'off', ...settings }
  const stdio: ['ignore', number, 'inherit'] = ['ignore', openSync(log, 'w'), 'inherit']
  const child = spawn(process.execPath, COMMANDS[which], { cwd: folder, env, stdio })
  while (child.exitCode === null) {
    const port = /"url":"http:\/\/[^"]+:(\d+)"/.exec(readFileSync(log, 'utf8'))?.[1]
    if (port) return { url: `http://127.0.0.1:${port}`, child, folder }
    await sleep(5)
  }
  throw new Error(`the server did not start: ${readFileSync(log, 'utf8')}`)
}
