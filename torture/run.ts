// Runs real servers and real clients while faults are injected around them, then checks the history of all calls:
// `npm run torture -- [--seconds 60] [--seed N] [--database sqlite|postgres] [--pause-factor 1] [--keep]`.
// A seed repeats what is tried and when, but not how processes interleave. See docs/proof.md.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { closeConnections } from '../harness/api.ts'
import { crowd } from './actors/crowd.ts'
import { Operator } from './actors/operator.ts'
import { seededRandom } from './actors/random.ts'
import type { World } from './actors/world.ts'
import { check } from './checker/check.ts'
import { countDeliveries, type Snapshot } from './checker/evidence.ts'
import { bugsIn } from './checker/log-bugs.ts'
import { report } from './checker/report.ts'
import { takeSnapshot } from './checker/snapshot.ts'
import { FaultInjector } from './faults/fault-injector.ts'
import { faultSchedules } from './faults/fault-schedules.ts'
import { History, now } from './history.ts'
import { startScene } from './scene.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    database: { type: 'string', default: 'sqlite' },
    /** Multiplies the pauses between faults; `--seldom` is its former name. */
    'pause-factor': { type: 'string', default: '1' },
    seldom: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const { database } = options
if (database !== 'sqlite' && database !== 'postgres')
  throw new Error(`--database is "${database}": pass sqlite or postgres`)
const seconds = Number(options.seconds)
const seed = Number(options.seed)
process.stdout.write(`Torture on ${database} for ${seconds} s, --seed ${seed}\n`)

/** Often enough to see sessions that ended: they last 45 s and are deleted soon after. */
const SNAPSHOT_INTERVAL_MILLISECONDS = 5000
const random = seededRandom(seed)
const settings = {
  // Longer than the outages of a run, short enough that a run can wait for its end.
  replayWindowMilliseconds: 5000,
  keptMilliseconds: 30_000,
  sessionMaxAgeMilliseconds: 45_000,
  accessTokenMilliseconds: 900_000,
  serviceKey: random.of('service key').name(),
}
const problems: string[] = []
const onProblem = (message: string) => problems.push(message)
const scene = await startScene(database, settings, random, onProblem)
const healing = Promise.withResolvers<void>()
const world: World = {
  history: new History(),
  random,
  settings,
  inbox: scene.mail.inbox,
  ports: scene.replicas.map(({ port }) => port),
  stopping: false,
  cutPercent: 4,
  healed: healing.promise,
}
const operator = new Operator(scene.folder, { ...scene.environment, DATABASE_URL: scene.databaseUrl })
const acting = Promise.all(crowd(world, operator))
const schedules = faultSchedules(scene, operator, random, onProblem)
const faults = new FaultInjector(schedules, random, Number(options.seldom ?? options['pause-factor']))

const snapshots: Snapshot[] = []
const snapshotTimer = setInterval(async () => {
  const snapshot = await takeSnapshot(scene.databaseUrl).catch(() => null) // the database may be unavailable
  if (snapshot) snapshots.push(snapshot)
}, SNAPSHOT_INTERVAL_MILLISECONDS)
await Promise.race([sleep(seconds * 1000), acting])
clearInterval(snapshotTimer)
await faults.stop()
scene.postgres?.proxy.disarm()
world.stopping = true
world.cutPercent = 0
const healedAt = now()
healing.resolve()
await acting
await operator.sendWaitingMails()
closeConnections()
for (const replica of scene.replicas)
  if ((await replica.terminate()) !== 0) problems.push(`replica ${replica.name} did not shut down cleanly at the end`)

const readAt = now()
const final = await takeSnapshot(scene.databaseUrl)
const bugs = [...problems, ...bugsIn(scene.replicas.map(({ log }) => log))]
const evidence = {
  settings,
  calls: world.history.calls,
  final,
  snapshots,
  deliveries: countDeliveries(scene.mail.inbox),
  bugs,
  healedAt,
  readAt,
}
const violations = check(evidence)
const brokenRotations = scene.postgres?.proxy.brokenRotations ?? 0
report({ evidence, violations, faults: faults.counts, brokenRotations, seconds })

await scene.postgres?.cluster.remove()
if (violations.length > 0 || options.keep) {
  const file = join(scene.folder, 'history.jsonl')
  writeFileSync(file, `${evidence.calls.map((call) => JSON.stringify(call)).join('\n')}\n`)
  process.stdout.write(`\nThe history is in ${file}, the servers' logs are beside it.\n`)
} else rmSync(scene.folder, { recursive: true })
process.exit(violations.length > 0 ? 1 : 0)
