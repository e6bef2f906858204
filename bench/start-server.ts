import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnTessera, untilListening } from '../harness/launch-tessera.ts'

const FLOOR = join(import.meta.dirname, 'baseline.ts')

/**
 * Starts a server process in an empty folder, which the caller removes; without limits, which would be measured instead.
 * Its log goes to a file there: a pipe would be read at the cost of the load, or fill up.
 */
export async function startServer(
  settings: Record<string, string>,
  which: 'Tessera' | 'floor' = 'Tessera',
): Promise<{ url: string; child: ChildProcess; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const options = {
    folder,
    environment: { PORT: '0', RATE_LIMIT: 'off', ...settings },
    log: join(folder, 'log'),
    ...(which === 'floor' && { command: FLOOR }),
  }
  const { url, child } = await untilListening(spawnTessera(['start'], options))
  return { url, child, folder }
}
