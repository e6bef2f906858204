import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Operator } from '../actors/operator.ts'
import type { Random } from '../actors/random.ts'
import type { Scene } from '../scene.ts'
import type { Replica } from './replica.ts'

/** One thing that is done to the service from outside. It is whole again when `run` resolves; false: it was not done. */
export interface Harm {
  name: string
  /** How often, compared with the others of its lane. */
  weight: number
  run(): Promise<unknown>
}

/** Harms that are done one after another, with pauses; several lanes go on at once. */
export interface Lane {
  name: string
  pauseMilliseconds: [least: number, most: number]
  harms: Harm[]
}

export function lanesOf(scene: Scene, operator: Operator, random: Random, complain: (what: string) => void): Lane[] {
  const lanes = scene.replicas.map((replica) => replicaLane(replica, random.of(replica.name), complain))
  lanes.push(mailLane(scene, random.of('mail')))
  lanes.push({
    name: 'clean-up',
    pauseMilliseconds: [500, 3000],
    harms: [{ name: 'clean-up beside the servers', weight: 1, run: () => operator.cleanUp() }],
  })
  if (scene.postgres) lanes.push(databaseLane(scene.postgres, random.of('database')))
  return lanes
}

function replicaLane(replica: Replica, random: Random, complain: (what: string) => void): Lane {
  const terminate = async () => {
    const code = await replica.terminate()
    if (code !== 0) complain(`replica ${replica.name} ended with ${code} on SIGTERM`)
    await replica.start()
  }
  const kill = async () => {
    await replica.kill()
    await replica.start()
  }
  return {
    name: `replica ${replica.name}`,
    pauseMilliseconds: [100, 1500],
    harms: [
      { name: 'SIGKILL and restart', weight: 80, run: kill },
      { name: 'SIGTERM in full load', weight: 10, run: terminate },
      { name: 'frozen process', weight: 10, run: () => replica.freeze(random.between(200, 3000)) },
    ],
  }
}

function databaseLane({ cluster, proxy }: NonNullable<Scene['postgres']>, random: Random): Lane {
  const away = (mode: 'refuse' | 'stall') => async () => {
    proxy.mode = mode
    if (mode === 'refuse') proxy.cut()
    await sleep(random.between(300, 2500))
    proxy.mode = 'open'
    proxy.cut()
  }
  const ambush = async () => {
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
    harms: [
      { name: 'rotation ambushed', weight: 60, run: ambush },
      { name: 'connections cut', weight: 15, run: async () => proxy.cut() },
      { name: 'backends terminated', weight: 15, run: () => terminateBackends(cluster.url) },
      { name: 'database refuses', weight: 8, run: away('refuse') },
      { name: 'database stalls', weight: 8, run: away('stall') },
      { name: 'database crashes', weight: 14, run: stop('immediate', 0) },
      { name: 'database stopped', weight: 6, run: stop('fast', 2000) },
    ],
  }
}

async function terminateBackends(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and random() < 0.5`)
  } finally {
    await client.end().catch(() => {})
  }
}

function mailLane({ mail }: Scene, random: Random): Lane {
  const spell = (mode: 'refuse' | 'hang') => async () => {
    mail.mode = mode
    await sleep(random.between(1000, 5000))
    mail.mode = 'open'
  }
  return {
    name: 'mail',
    pauseMilliseconds: [1000, 6000],
    harms: [
      { name: 'mail refused', weight: 1, run: spell('refuse') },
      { name: 'mail hangs', weight: 1, run: spell('hang') },
    ],
  }
}
