// Measures Tessera beside the baseline (baseline.ts), in one run on one machine, and its login beside the digest alone:
// `npm run bench -- [--rounds 5] [--seconds 3] [--clients 32] [--users 32] [--only refresh|keys|metrics|verify|revocations]
// [--chart docs/images/beside-the-baseline.svg]`. TEST_DATABASE_URL adds PostgreSQL, whose cluster should do nothing else.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { median } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { type BarGroup, writeBarChart } from './bar-chart.ts'
import { cellsOf, compare, type Measured } from './load/compare.ts'
import { type Contestant, startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'
import { commitMilliseconds } from './machine/commit-cost.ts'
import { countSyncs } from './machine/count-syncs.ts'
import { countWal } from './machine/count-wal.ts'
import { measureDigests } from './machine/raw-digests.ts'
import { measureRevocations } from './revocations.ts'
import { measureVerify } from './verify.ts'
import { compareKeys, compareMetrics } from './with-settings.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
    users: { type: 'string' },
    only: { type: 'string' },
    chart: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const users = Number(options.users ?? clients)
const COST = 10

const LABELS: Record<Exclude<Work, 'mix' | 'new'>, string> = {
  me: '`GET /api/v1/auth/me`',
  refresh: '`POST /api/v1/auth/refresh`, rotating',
  pairs: '`POST /auth/refresh`, pairs',
  login: '`POST /api/v1/auth/login`, bcrypt, beside its digest alone',
}
const works = (Object.keys(LABELS) as (keyof typeof LABELS)[]).filter(
  (work) => options.only === undefined || work === options.only,
)

const print = (line: string) => process.stdout.write(`${line}\n`)

function printMachine(): void {
  const load = loadavg().map((value) => value.toFixed(1))
  print(`${availableParallelism()} cores (${cpus()[0]?.model}), Node.js ${process.version}, load ${load.join(' ')}.`)
}

const digestsOf = (hash: 'bcrypt' | 'argon2id'): Measured => ({
  measure: ({ seconds }) => measureDigests(seconds, hash, COST),
})
const groups: BarGroup[] = []

async function measure(label: string, work: Work, beside: Measured, tessera: Measured): Promise<void> {
  const comparison = await compare(work, beside, tessera, { rounds, seconds })
  print(`| ${label} | ${cellsOf(comparison)} |`)
  const [value, ofTessera] = comparison.perSecond
  const text = (rate: number) => `${Math.round(rate)}/s`
  const ratio = median(comparison.ratios).toFixed(2)
  const bars = [
    { name: work === 'login' ? 'its digest alone' : 'baseline', value, text: text(value) },
    { name: 'Tessera', value: ofTessera, text: `${text(ofTessera)}, ${ratio} times`, isTessera: true },
  ]
  groups.push({ label: label.replaceAll('`', ''), bars })
}

/** Counts fsyncs per refresh; returns null if strace is not installed. */
async function syncsPerRefresh(tessera: Contestant): Promise<number | null> {
  let refreshes = 0
  const syncs = await countSyncs(tessera.pid, async () => {
    refreshes = seconds * (await tessera.measure({ work: 'refresh', seconds })).perSecond
  })
  return syncs === null ? null : syncs / refreshes
}

/** Says what a refresh writes to PostgreSQL's log, by the baseline and by Tessera. */
async function printWal(url: string, baseline: Contestant, tessera: Contestant): Promise<void> {
  const cells: string[] = []
  for (const contestant of [baseline, tessera]) {
    let refreshes = 0
    const { syncs, bytes } = await countWal(url, async () => {
      refreshes = seconds * (await contestant.measure({ work: 'refresh', seconds })).perSecond
    })
    cells.push(
      `${contestant.name} ${(syncs / refreshes).toFixed(3)} fsyncs and ${Math.round(bytes / refreshes)} bytes of WAL`,
    )
  }
  print(`\nA refresh on PostgreSQL costs: ${cells.join('; ')}.\n`)
}

let syncs = null as number | null

async function bench(database: string, urls: [string, string, string]): Promise<void> {
  const settings = (DATABASE_URL: string) => ({ DATABASE_URL, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: String(COST) })
  const baseline = await startContestant('baseline', settings(urls[0]), clients, users)
  const tessera = await startContestant('Tessera', settings(urls[1]), clients, users)
  for (const work of works)
    await measure(`${LABELS[work]}, ${database}`, work, work === 'login' ? digestsOf('bcrypt') : baseline, tessera)
  if (database === 'SQLite' && works.includes('refresh')) syncs = await syncsPerRefresh(tessera)
  if (database === 'PostgreSQL' && works.includes('refresh')) await printWal(urls[1], baseline, tessera)
  await Promise.all([baseline.end(), tessera.end()])
  if (!works.includes('login')) return
  const argon2id = await startContestant('Tessera', { ...settings(urls[2]), PASSWORD_HASH: 'argon2id' }, clients, users)
  await measure(`${LABELS.login.replace('bcrypt', 'argon2id')}, ${database}`, 'login', digestsOf('argon2id'), argon2id)
  await argon2id.end()
}

if (options.only === 'verify' || options.only === 'revocations') {
  await (options.only === 'verify' ? measureVerify({ rounds, seconds, print }) : measureRevocations(print))
  printMachine()
  process.exit(0)
}
print(
  `| ${clients} clients, ${users} users, ${rounds} alternating rounds of ${seconds} s | baseline/s | Tessera/s | ratio (range) | p50 ms, baseline / Tessera | p99 ms |`,
)
print('|---|---|---|---|---|---|')
await bench('SQLite', ['sqlite:baseline.db', 'sqlite:tessera.db', 'sqlite:argon2id.db'])
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) {
  const create = () => createSchema(databaseUrl)
  const schemas = await Promise.all([create(), create(), create()])
  await bench('PostgreSQL', [schemas[0].url, schemas[1].url, schemas[2].url])
  for (const { drop } of schemas) await drop()
} else print('\nPostgreSQL skipped: set TEST_DATABASE_URL.')
if (options.chart) writeBarChart(options.chart, 'Requests a second: Tessera beside the baseline', groups)
if (options.only === undefined || options.only === 'keys') await compareKeys({ rounds, seconds, clients, print })
if (options.only === undefined || options.only === 'metrics') await compareMetrics({ rounds, seconds, clients, print })
if (options.only === undefined) await measureVerify({ rounds, seconds, print })
if (options.only === undefined) await measureRevocations(print)
if (syncs !== null) print(`\nFsyncs per refresh on SQLite: ${syncs.toFixed(3)}.`)
else print('\nFsyncs were not counted: install strace, and measure refreshes.')
print(`A durable commit of SQLite takes ${(await commitMilliseconds()).toFixed(2)} ms here.`)
printMachine()
process.exit(0)
