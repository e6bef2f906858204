import { Type } from 'typebox'
import type { Database } from '../storage/database.ts'
import { Unavailable } from '../storage/errors.ts'
import { ping } from '../storage/ping.ts'
import { endpoint, type HttpContext } from './endpoint.ts'

const PROBE_INTERVAL_MILLISECONDS = 1000

interface Probe {
  startedAt: number
  answered: Promise<unknown>
}

const probes = new WeakMap<Database, Probe>()

/** `GET /ready`: the database answers too. It is asked once a second at most, however many ask. */
export const ready = endpoint({
  about: {
    operationId: 'ready',
    tag: 'Operation',
    summary: 'The database serves, too',
    done: 'Ready',
    examples: { answer: { status: 'ready' } },
  },
  responses: { 200: Type.Object({ status: Type.Literal('ready') }) },
  async handle(ctx) {
    await probe(ctx).answered
    return { status: 'ready' }
  },
})

function probe({ db, now }: Pick<HttpContext, 'db' | 'now'>): Probe {
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
