// Measures whether a flood of logins slows down other users, and, with limits on, how a victim signs in during attacks:
// `npm run bench:flood -- [--seconds 60] [--clients 500] [--pause 0] [--attack-seconds 20] [--attack <part of its name>]`.
// 0 seconds leave a measurement out. TEST_DATABASE_URL adds PostgreSQL. Linux only: processor time and memory are read from
// /proc. The load shares the machine with the server, at a lower priority; the table says how much of the machine it took.
import { rmSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { endProcess } from '../harness/launch-tessera.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { attacks } from './load/attack/attacks.ts'
import { measureAttack } from './load/attack/measure-attack.ts'
import type { FloodResult, LoadOptions, SteadyResult } from './load/flood-load.ts'
import { hangUp } from './load/hang-up.ts'
import { signUpUsers } from './load/sign-up-users.ts'
import { startLoad } from './load/start-load.ts'
import { startServer } from './load/start-server.ts'
import { machineSeconds, memoryOf, processorSeconds } from './machine/process-use.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '500' },
    /** How many milliseconds a client of the flood waits after a 503; one that obeys Retry-After waits 1000. */
    pause: { type: 'string', default: '0' },
    'attack-seconds': { type: 'string', default: '20' },
    attack: { type: 'string', default: '' },
  },
})
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const attackSeconds = Number(options['attack-seconds'])
const QUIET_SECONDS = 5
const USERS = 10
const LOAD = 'flood-load.ts'

const databaseUrl = process.env['TEST_DATABASE_URL']
const print = (line: string) => process.stdout.write(`${line}\n`)

if (seconds > 0) {
  const columns = [await bench({})]
  if (databaseUrl) columns.push(await bench({ DATABASE_URL: databaseUrl }))
  printTable(columns)
}
if (attackSeconds > 0) await benchAttacks()
const load = loadavg().map((value) => value.toFixed(1))
print(`\n${availableParallelism()} cores, load ${load.join(' ')}.`)

/** Floods one server; returns a column of the table. */
async function bench(settings: Record<string, string>): Promise<string[]> {
  const { url, child: server, folder } = await startServer(settings)
  const pid = server.pid as number
  const emails = Array.from({ length: USERS }, (_, index) => `${Date.now()}-${index}@example.com`)
  await signUpUsers(url, emails)
  const load: LoadOptions = { url, seconds, clients, pauseMilliseconds: Number(options.pause), emails }
  const json = JSON.stringify(load)
  const hungUp = await hangUp(url, clients)
  const [me, refresh] = [startLoad(LOAD, ['me', json], 0), startLoad(LOAD, ['refresh', json], 0)] as const
  await Promise.all([me.message(), refresh.message()])
  await sleep(QUIET_SECONDS * 1000)

  const used = () => ({ ...processorSeconds(pid), machine: machineSeconds() })
  const [before, memory] = [used(), memoryOf(pid)]
  for (const { child } of [me, refresh]) child.send('the flood starts')
  const flooded = (await startLoad(LOAD, ['flood', json], 10).message()) as FloodResult
  const after = used()
  const { now, peak } = memoryOf(pid)
  const results = Promise.all([me.message(), refresh.message()]) as Promise<[SteadyResult, SteadyResult]>
  for (const { child } of [me, refresh]) child.send('the flood has ended')
  const [ofMe, ofRefresh] = await results
  await endProcess(server, 'SIGKILL') // it would finish hashes that no client waits for
  rmSync(folder, { recursive: true })

  const cores = (used: number) => (used / seconds).toFixed(2)
  const loop = after.firstThread - before.firstThread
  const hashing = after.otherThreads - before.otherThreads
  const loading = flooded.cpuSeconds + ofMe.cpuSeconds + ofRefresh.cpuSeconds
  const rates = Object.values(flooded.counts).map((count) => (count / seconds).toFixed(1))
  return [
    rates.join(' / '),
    flooded.refusalQuantiles.join(' / '),
    `${ofMe.p99.join(' / ')} (${ofMe.refused})`,
    `${ofRefresh.p99.join(' / ')} (${ofRefresh.refused})`,
    `${memory.now} / ${now} / ${peak}`,
    `${cores(loop)} + ${cores(hashing)}`,
    `${cores(loading)} + ${cores(after.machine - before.machine - loop - hashing - loading)}`,
    hungUp,
  ]
}

function printTable(columns: string[][]): void {
  const rows = [
    'logins a second: 200 / 401 / 503 overloaded / 503 unavailable / other | no unavailable, no other',
    '503, p50 / p99 ms | 100',
    '`/me` p99 ms, quiet / flooded | 50, none refused',
    'rotating refresh p99 ms, quiet / flooded | 200, none refused',
    'server memory before / after / peak, MB | bounded',
    'cores used by the server: event loop + hashing and the rest | ',
    'cores used by the load + by others (PostgreSQL, other work) | ',
    `the next logins after ${clients} clients hung up | 503, and the wait for all their hashes`,
  ]
  print(`| ${clients} logins at once, ${seconds} s | target | SQLite |${columns.length > 1 ? ' PostgreSQL |' : ''}`)
  print(`|---|---${'|---'.repeat(columns.length)}|`)
  for (const [index, row] of rows.entries()) print(`| ${row} | ${columns.map((column) => column[index]).join(' | ')} |`)
}

/** Measures each attack on a database of its own, so that none begins with the limits of another, and prints a table. */
async function benchAttacks(): Promise<void> {
  const cells = ['victim: 200 / others, p50 / p99 ms of the 200', "attacker's answers a second"]
  const databases = databaseUrl ? ['SQLite', 'PostgreSQL'] : ['SQLite']
  const heads = databases.flatMap((database) => cells.map((cell) => `${database}, ${cell}`))
  print(`\n| attack for ${attackSeconds} s, limits on | target | ${heads.join(' | ')} |`)
  print(`|---|---${'|---'.repeat(heads.length)}|`)
  for (const attack of attacks.filter(({ name }) => name.includes(options.attack))) {
    const results = [await measureAttack(attack, { seconds: attackSeconds, settings: {} })]
    if (databaseUrl) {
      const schema = await createSchema(databaseUrl)
      results.push(await measureAttack(attack, { seconds: attackSeconds, settings: { DATABASE_URL: schema.url } }))
      await schema.drop()
    }
    for (const [index, { hasDevice, hasTarget }] of attack.victims.entries()) {
      const victim = hasDevice ? 'known device' : 'no device token'
      const target = hasTarget ? 'all 200 within 2,000 ms' : ''
      print(`| ${[`${attack.name}; ${victim}`, target, ...results.flatMap((result) => result[index])].join(' | ')} |`)
    }
  }
}
