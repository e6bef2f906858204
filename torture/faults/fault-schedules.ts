import { setTimeout as sleep } from 'node:timers/promises'
import type { Operator } from '../actors/operator.ts'
import type { Random } from '../actors/random.ts'
import type { Scene } from '../scene.ts'
import { databaseSchedule } from './database-faults.ts'
import type { Replica } from './replica.ts'

export interface Fault {
  name: string
  /** How often it is picked, relative to the other faults of its schedule. */
  weight: number
  /** Resolves when the service can recover; to false when the fault could not be injected. */
  inject(): Promise<unknown>
}

/** Faults that are injected one after another, in random order and with pauses. */
export interface FaultSchedule {
  name: string
  pauseMilliseconds: [min: number, max: number]
  faults: Fault[]
}

type OnProblem = (message: string) => void

export function faultSchedules(
  scene: Scene,
  operator: Operator,
  random: Random,
  onProblem: OnProblem,
): FaultSchedule[] {
  const schedules = scene.replicas.map((replica) => replicaSchedule(replica, random.of(replica.name), onProblem))
  schedules.push(mailSchedule(scene, random.of('mail')))
  schedules.push({
    name: 'clean-up',
    pauseMilliseconds: [500, 3000],
    faults: [{ name: 'clean-up beside the servers', weight: 1, inject: () => operator.cleanUp() }],
  })
  if (scene.postgres) schedules.push(databaseSchedule(scene.postgres, random.of('database')))
  return schedules
}

function replicaSchedule(replica: Replica, random: Random, onProblem: OnProblem): FaultSchedule {
  const terminate = async () => {
    const code = await replica.terminate()
    if (code !== 0) onProblem(`replica ${replica.name} ended with ${code} on SIGTERM`)
    await replica.start()
  }
  const kill = async () => {
    await replica.kill()
    await replica.start()
  }
  return {
    name: `replica ${replica.name}`,
    pauseMilliseconds: [100, 1500],
    faults: [
      { name: 'SIGKILL and restart', weight: 80, inject: kill },
      { name: 'SIGTERM under full load', weight: 10, inject: terminate },
      { name: 'process frozen', weight: 10, inject: () => replica.freeze(random.between(200, 3000)) },
    ],
  }
}

function mailSchedule({ mail }: Scene, random: Random): FaultSchedule {
  const outage = (mode: 'refuse' | 'hang') => async () => {
    mail.mode = mode
    await sleep(random.between(1000, 5000))
    mail.mode = 'open'
  }
  return {
    name: 'mail',
    pauseMilliseconds: [1000, 6000],
    faults: [
      { name: 'mail refused', weight: 1, inject: outage('refuse') },
      { name: 'mail server hangs', weight: 1, inject: outage('hang') },
    ],
  }
}
