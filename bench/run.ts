// Tessera beside the least work that its contracts allow (baseline.ts), in one run on one machine; its login beside the digest alone:
// `npm run bench -- [--rounds 5] [--seconds 3] [--clients 32] [--only refresh]`. TEST_DATABASE_URL adds PostgreSQL.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { median, spread } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { commitMilliseconds } from './commit-cost.ts'
import { type Contestant, startContestant } from './contestant.ts'
import { countSyncs } from './count-syncs.ts'
import type { Order, Work } from './load.ts'
import { measureDigests } from './raw-digests.ts'
import type { Pace } from './repeat-for.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
    only: { type: 'string' },
  },
})
const ROUNDS = Number(options.rounds)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const COST = 10

const WORKS: Record<Work, string> = {
  me: '`GET /api/v1/auth/me`',
  refresh: '`POST /api/v1/auth/refresh`, rotating',
  pairs: '`POST /auth/refresh`, pairs',
  login: '`POST /api/v1/auth/login`, beside its digest alone',
}
const works = (Object.keys(WORKS) as Work[]).filter((work) => options.only === undefined || work === options.only)

const say = (line: string) => process.stdout.write(`${line}\n`)

interface Measured {
  measure(order: Order): Promise<Pace>
}
const digests: Measured = { measure: ({ seconds }) => measureDigests(seconds, COST) }

/** Rounds in turn, so that whatever the machine does meanwhile befalls both. */
async function compare(database: string, floorItself: Measured, tessera: Measured): Promise<void> {
  for (const work of works) {
    const floor = work === 'login' ? digests : floorItself
    const pairs: [Pace, Pace][] = []
    for (const contestant of [floor, tessera]) await contestant.measure({ work, seconds: 3 }) // warm: until then much of it is interpreted
    for (let round = 0; round < ROUNDS; round++)
      pairs.push([await floor.measure({ work, seconds }), await tessera.measure({ work, seconds })])
    const ratios = pairs.map(([a, b]) => b.perSecond / a.perSecond)
    const [ofFloor, ofTessera] = [0, 1].map((index) => pairs.map((pair) => pair[index] as Pace)) as [Pace[], Pace[]]
    const perSecond = (results: Pace[]) => Math.round(median(results.map((result) => result.perSecond)))
    const p99 = (results: Pace[]) => median(results.map((result) => result.p99Milliseconds)).toFixed(1)
    say(
      `| ${WORKS[work]}, ${database} | ${perSecond(ofFloor)} | ${perSecond(ofTessera)} | ${spread(ratios)} | ${p99(ofFloor)} / ${p99(ofTessera)} |`,
    )
  }
}

let synced = 'Without strace, fsyncs are not counted.'

async function measureSyncs(tessera: Contestant): Promise<void> {
  let refreshes = 0
  const syncs = await countSyncs(tessera.pid, async () => {
    refreshes = seconds * (await tessera.measure({ work: 'refresh', seconds })).perSecond
  })
  if (syncs !== null) synced = `Fsyncs per refresh on SQLite: ${(syncs / refreshes).toFixed(3)}.`
}

async function bench(database: string, urls: [string, string]): Promise<void> {
  const settings = (DATABASE_URL: string) => ({ DATABASE_URL, BCRYPT_COST: String(COST) })
  const floor = await startContestant('floor', settings(urls[0]), clients)
  const tessera = await startContestant('Tessera', settings(urls[1]), clients)
  await compare(database, floor, tessera)
  if (database === 'SQLite' && works.includes('refresh')) await measureSyncs(tessera)
  await Promise.all([floor.end(), tessera.end()])
}

say(
  `| ${clients} clients, ${ROUNDS} rounds of ${seconds} s each in turn | floor/s | Tessera/s | ratio (range) | p99 ms, floor / Tessera |`,
)
say('|---|---|---|---|---|')
await bench('SQLite', ['sqlite:floor.db', 'sqlite:tessera.db'])
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) {
  const schemas = await Promise.all([createSchema(databaseUrl), createSchema(databaseUrl)])
  await bench('PostgreSQL', [schemas[0].url, schemas[1].url])
  for (const { drop } of schemas) await drop()
} else say('\nPostgreSQL skipped: set TEST_DATABASE_URL.')
say(`\n${synced} A commit of SQLite here, durable: ${(await commitMilliseconds()).toFixed(2)} ms.`)
const load = loadavg().map((value) => value.toFixed(1))
say(`${availableParallelism()} cores (${cpus()[0]?.model}), Node.js ${process.version}, load ${load.join(' ')}.`)
process.exit(0)
