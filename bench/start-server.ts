import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const TESSERA = join(import.meta.dirname, '../server/bin/tessera.js')

/** Starts a server process in an empty folder, which the caller removes; without limits, which would be measured instead. */
export async function startServer(
  settings: Record<string, string>,
): Promise<{ url: string; child: ChildProcess; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', RATE_LIMIT: 'off', ...settings }
  const child = spawn(process.execPath, [TESSERA, 'start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk
    const port = /"url":"http:\/\/[^"]+:(\d+)"/.exec(output)?.[1]
    if (port) {
      child.stdout.resume()
      return { url: `http://127.0.0.1:${port}`, child, folder }
    }
  }
  throw new Error(`the server did not start: ${output}`)
}
