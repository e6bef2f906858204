import type { Database } from '../../storage/database/database.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { ping, pingByWriting } from '../../storage/database/ping.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

const PROBE_INTERVAL_MILLISECONDS = 1000
const WRITE_INTERVAL_MILLISECONDS = 5000

interface Probe {
  startedAt: number
  answered: Promise<unknown>
}

/** The last write that succeeded. */
interface Written {
  at: number
  /** How many writes had failed by then. */
  failures: number
}

const probes = new WeakMap<Database, Probe>()
const writes = new WeakMap<Database, Written>()

/**
 * Queries the database at most once a second, however many probes arrive, and writes to it every five seconds, and as soon
 * as the write of a request has failed.
 */
export function probe({ db, now }: Pick<HttpContext, 'db' | 'now'>): Probe {
  const at = now().getTime()
  const last = probes.get(db)
  if (last && Math.abs(at - last.startedAt) < PROBE_INTERVAL_MILLISECONDS) return last
  const answered = query(db, at).catch((error) => {
    throw error instanceof Unavailable ? error : new Unavailable('the readiness probe failed', { cause: error })
  })
  answered.catch(() => {})
  const started = { startedAt: at, answered }
  probes.set(db, started)
  return started
}

async function query(db: Database, at: number): Promise<void> {
  const written = writes.get(db)
  const hasFailed = written !== undefined && written.failures !== db.troubles.cannotWrite
  if (written && !hasFailed && Math.abs(at - written.at) < WRITE_INTERVAL_MILLISECONDS) return ping(db)
  await pingByWriting(db, new Date(at), { isLarge: hasFailed })
  writes.set(db, { at, failures: db.troubles.cannotWrite })
}
