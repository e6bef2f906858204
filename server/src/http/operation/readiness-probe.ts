import type { Database } from '../../storage/database/database.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { ping } from '../../storage/database/ping.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

const PROBE_INTERVAL_MILLISECONDS = 1000

interface Probe {
  startedAt: number
  answered: Promise<unknown>
}

const probes = new WeakMap<Database, Probe>()

/** Queries the database at most once a second, however many probes arrive. */
export function probe({ db, now }: Pick<HttpContext, 'db' | 'now'>): Probe {
  const at = now().getTime()
  const last = probes.get(db)
  if (last && Math.abs(at - last.startedAt) < PROBE_INTERVAL_MILLISECONDS) return last
  const answered = ping(db).catch((error) => {
    throw error instanceof Unavailable ? error : new Unavailable('the readiness probe failed', { cause: error })
  })
  answered.catch(() => {})
  const started = { startedAt: at, answered }
  probes.set(db, started)
  return started
}
