import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Random } from '../actors/random.ts'
import type { Scene } from '../scene.ts'
import type { FaultSchedule } from './fault-schedules.ts'

/** Faults of PostgreSQL and of the connections to it. */
export function databaseSchedule({ cluster, proxy }: NonNullable<Scene['postgres']>, random: Random): FaultSchedule {
  const outage = (mode: 'refuse' | 'stall') => async () => {
    proxy.mode = mode
    if (mode === 'refuse') proxy.cut()
    await sleep(random.between(300, 2500))
    proxy.mode = 'open'
    proxy.cut()
  }
  const armRotationFault = async () => {
    const moment = random.pick(['before', 'after'] as const)
    const manner = random.pick(['drop', 'stall', 'reset', 'reset'] as const)
    proxy.armFault({ rotation: Math.ceil(random.between(0, 30)), moment, manner })
  }
  const stop = (mode: 'fast' | 'immediate', downMilliseconds: number) => async () => {
    await cluster.stop(mode)
    await sleep(downMilliseconds)
    await cluster.start()
  }
  return {
    name: 'database',
    pauseMilliseconds: [800, 4000],
    faults: [
      { name: 'rotation fault armed', weight: 60, inject: armRotationFault },
      { name: 'connections cut', weight: 15, inject: async () => proxy.cut() },
      { name: 'backends terminated', weight: 15, inject: () => terminateBackends(cluster.url) },
      { name: 'database refuses connections', weight: 8, inject: outage('refuse') },
      { name: 'database stalls', weight: 8, inject: outage('stall') },
      { name: 'database crashes', weight: 14, inject: stop('immediate', 0) },
      { name: 'database stopped', weight: 6, inject: stop('fast', 2000) },
    ],
  }
}

async function terminateBackends(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // the statement fails with it
  try {
    await client.connect()
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and random() < 0.5`)
  } finally {
    await client.end().catch(() => {})
  }
}
