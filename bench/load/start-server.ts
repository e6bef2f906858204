import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnTessera, untilListening } from '../../harness/launch-tessera.ts'

const BASELINE = join(import.meta.dirname, '../baseline.ts')

/**
 * Starts a server process in an empty folder, or a given one, which the caller removes. Limits are off, or they would be measured instead.
 * The log goes to a file there: reading a pipe would cost the load time, and an unread one would fill up.
 *
 * @param command the script to run instead of this checkout's `tessera`
 */
export async function startServer(
  settings: Record<string, string>,
  which: 'Tessera' | 'baseline' = 'Tessera',
  folder = mkdtempSync(join(tmpdir(), 'tessera-bench-')),
  command?: string,
): Promise<{ url: string; child: ChildProcess; folder: string }> {
  const options = {
    folder,
    environment: { PORT: '0', RATE_LIMIT: 'off', KEEP_ALIVE: '600', ...settings },
    log: join(folder, 'log'),
    ...(command !== undefined && { command }),
    ...(which === 'baseline' && { command: BASELINE }),
  }
  const { url, child } = await untilListening(spawnTessera(['start'], options))
  return { url, child, folder }
}
