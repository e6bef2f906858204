// Measures what a second process gains: Tessera with WEB_CONCURRENCY=1 and 2 on PostgreSQL, in turn.
// `TEST_DATABASE_URL=… npm run bench:processes -- [--rounds 5] [--seconds 3] [--clients 32]`
// PostgreSQL and the load share the machine. The last columns estimate the rate if the load ran on another machine.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { median, spread } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { type Contestant, startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'
import { machineSeconds } from './machine/process-use.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
  },
})
const seconds = Number(options.seconds)
const databaseUrl = process.env['TEST_DATABASE_URL']
if (!databaseUrl) throw new Error('TEST_DATABASE_URL is missing: set it to a PostgreSQL database')

const print = (line: string) => process.stdout.write(`${line}\n`)

interface Use {
  perSecond: number
  /** Busy cores, without those of the load. */
  cores: number
  /** The estimated rate if the load ran on another machine. */
  withoutLoad: number
}

async function measure(contestant: Contestant, work: Work): Promise<Use> {
  const [before, began] = [machineSeconds(), performance.now()]
  const { perSecond, cpuSeconds } = await contestant.measure({ work, seconds })
  const elapsed = (performance.now() - began) / 1000 // longer than ordered: requests in flight at the end are awaited
  const load = cpuSeconds / elapsed
  const cores = (machineSeconds() - before) / elapsed - load
  return { perSecond, cores, withoutLoad: (perSecond * availableParallelism()) / (availableParallelism() - load) }
}

const schemas = await Promise.all([createSchema(databaseUrl), createSchema(databaseUrl)])
const [one, two] = await Promise.all(
  schemas.map(({ url }, index) =>
    startContestant(
      'Tessera',
      { DATABASE_URL: url, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '10', WEB_CONCURRENCY: `${index + 1}` },
      Number(options.clients),
    ),
  ),
)
if (!one || !two) throw new Error('The servers did not start.')

print(
  '| | one, /s | two, /s | ratio (range) | busy cores, one / two | without the load, /s |\n|---|---|---|---|---|---|',
)
for (const work of ['me', 'refresh', 'pairs', 'login'] satisfies Work[]) {
  for (const contestant of [one, two]) await contestant.measure({ work, seconds: 3 }) // warm
  const pairs: [Use, Use][] = []
  for (let round = 0; round < Number(options.rounds); round++)
    pairs.push([await measure(one, work), await measure(two, work)])
  const ratios = pairs.map(([a, b]) => b.perSecond / a.perSecond)
  const of = (field: keyof Use) => [0, 1].map((index) => median(pairs.map((pair) => pair[index]?.[field] ?? 0)))
  const [a = 0, b = 0] = of('perSecond')
  const cores = of('cores').map((value) => value.toFixed(2))
  const alone = of('withoutLoad').map(Math.round)
  print(
    `| ${work} | ${Math.round(a)} | ${Math.round(b)} | ${spread(ratios)} | ${cores.join(' / ')} | ${alone.join(' / ')} |`,
  )
}
await Promise.all([one.end(), two.end()])
for (const { drop } of schemas) await drop()
process.exit(0)
