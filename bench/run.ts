// Measures Tessera beside the baseline (baseline.ts), in one run on one machine, and its login beside the digest alone:
// `npm run bench -- [--rounds 5] [--seconds 3] [--clients 32] [--only refresh|keys|verify|revocations]`. TEST_DATABASE_URL adds PostgreSQL.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { createSchema } from '../harness/temporary-schema.ts'
import { compareKeys } from './keys.ts'
import { compare, type Measured } from './load/compare.ts'
import { type Contestant, startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'
import { commitMilliseconds } from './machine/commit-cost.ts'
import { countSyncs } from './machine/count-syncs.ts'
import { measureDigests } from './machine/raw-digests.ts'
import { measureRevocations } from './revocations.ts'
import { measureVerify } from './verify.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
    only: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const COST = 10

const LABELS: Record<Exclude<Work, 'mix' | 'new'>, string> = {
  me: '`GET /api/v1/auth/me`',
  refresh: '`POST /api/v1/auth/refresh`, rotating',
  pairs: '`POST /auth/refresh`, pairs',
  login: '`POST /api/v1/auth/login`, beside its digest alone',
}
const works = (Object.keys(LABELS) as (keyof typeof LABELS)[]).filter(
  (work) => options.only === undefined || work === options.only,
)

const print = (line: string) => process.stdout.write(`${line}\n`)

function printMachine(): void {
  const load = loadavg().map((value) => value.toFixed(1))
  print(`${availableParallelism()} cores (${cpus()[0]?.model}), Node.js ${process.version}, load ${load.join(' ')}.`)
}

const digests: Measured = { measure: ({ seconds }) => measureDigests(seconds, COST) }

/** Counts fsyncs per refresh; returns null if strace is not installed. */
async function syncsPerRefresh(tessera: Contestant): Promise<number | null> {
  let refreshes = 0
  const syncs = await countSyncs(tessera.pid, async () => {
    refreshes = seconds * (await tessera.measure({ work: 'refresh', seconds })).perSecond
  })
  return syncs === null ? null : syncs / refreshes
}

let syncs = null as number | null

async function bench(database: string, urls: [string, string]): Promise<void> {
  const settings = (DATABASE_URL: string) => ({ DATABASE_URL, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: String(COST) })
  const baseline = await startContestant('baseline', settings(urls[0]), clients)
  const tessera = await startContestant('Tessera', settings(urls[1]), clients)
  for (const work of works) {
    const cells = await compare(work, work === 'login' ? digests : baseline, tessera, { rounds, seconds })
    print(`| ${LABELS[work]}, ${database} | ${cells} |`)
  }
  if (database === 'SQLite' && works.includes('refresh')) syncs = await syncsPerRefresh(tessera)
  await Promise.all([baseline.end(), tessera.end()])
}

if (options.only === 'verify' || options.only === 'revocations') {
  await (options.only === 'verify' ? measureVerify({ rounds, seconds, print }) : measureRevocations(print))
  printMachine()
  process.exit(0)
}
print(
  `| ${clients} clients, ${rounds} alternating rounds of ${seconds} s | baseline/s | Tessera/s | ratio (range) | p99 ms, baseline / Tessera |`,
)
print('|---|---|---|---|---|')
await bench('SQLite', ['sqlite:baseline.db', 'sqlite:tessera.db'])
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) {
  const schemas = await Promise.all([createSchema(databaseUrl), createSchema(databaseUrl)])
  await bench('PostgreSQL', [schemas[0].url, schemas[1].url])
  for (const { drop } of schemas) await drop()
} else print('\nPostgreSQL skipped: set TEST_DATABASE_URL.')
if (options.only === undefined || options.only === 'keys') await compareKeys({ rounds, seconds, clients, print })
if (options.only === undefined) await measureVerify({ rounds, seconds, print })
if (options.only === undefined) await measureRevocations(print)
if (syncs !== null) print(`\nFsyncs per refresh on SQLite: ${syncs.toFixed(3)}.`)
else print('\nFsyncs were not counted: install strace, and measure refreshes.')
print(`A durable commit of SQLite takes ${(await commitMilliseconds()).toFixed(2)} ms here.`)
printMachine()
process.exit(0)
