// Measures Tessera beside other products, which are installed from npm, on one machine and one PostgreSQL server:
// `TEST_DATABASE_URL=postgres://... npm run bench:peers -- [--rounds 5] [--seconds 5] [--clients 16]
// [--chart docs/images/beside-other-products.svg]`.
// The role of that URL must be allowed to create databases. The packages are installed in this folder only.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, spread } from '../../harness/statistics.ts'
import { type Bar, type BarGroup, writeBarChart } from '../bar-chart.ts'
import type { Pace } from '../load/repeat-for.ts'
import { type Contestant, startContestant } from './contestant.ts'
import { newDatabase } from './new-database.ts'
import { PRODUCTS, type ProductKey, type Work } from './products.ts'
import { type Peer, type Server, startPeer, versionOf } from './start-peer.ts'
import { startTessera } from './start-tessera.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '16' },
    chart: { type: 'string' },
  },
})
const ROUNDS = Number(options.rounds)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const PEERS: Peer[] = ['better-auth', 'directus']
/** `me` comes last, so that its access tokens are new and do not expire during the measurement. */
const WORKS: Work[] = ['login', 'refresh', 'me']

const groups: BarGroup[] = []
const print = (line: string) => process.stdout.write(`${line}\n`)

const databaseUrl = process.env['TEST_DATABASE_URL']
if (!databaseUrl) throw new Error('TEST_DATABASE_URL is missing: set it to a PostgreSQL database')
const cleanUps: (() => unknown)[] = []

interface Participant extends Contestant {
  version: string
}

async function startProduct(product: ProductKey): Promise<Server> {
  const { url, drop } = await newDatabase(databaseUrl as string)
  cleanUps.push(drop)
  const server = await (product === 'tessera' ? startTessera(url) : startPeer(product, url))
  cleanUps.push(server.end)
  return server
}

async function addContestant(product: ProductKey, { url }: Server, version: string): Promise<Participant> {
  const contestant = await startContestant(product, url, clients)
  cleanUps.push(contestant.end)
  return { ...contestant, version }
}

/** Starts the peers and skips those that do not start. A peer that starts and then refuses a request ends the run. */
async function startPeers(): Promise<Participant[]> {
  const peers: Participant[] = []
  for (const peer of PEERS) {
    const started = await startProduct(peer).catch((error: Error) => error)
    if (started instanceof Error) print(`${PRODUCTS[peer].name} skipped: ${started.message}\n`)
    else peers.push(await addContestant(peer, started, versionOf(peer)))
  }
  return peers
}

/** Measures all in alternating rounds, so that other work on the machine affects them equally. */
async function compare(work: Work, tessera: Contestant, peers: Contestant[]): Promise<void> {
  const all = [tessera, ...peers]
  for (const contestant of all) await contestant.measure({ work, seconds: Math.min(seconds, 3) }) // warm
  const results = new Map<Contestant, Pace[]>(all.map((contestant) => [contestant, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const contestant of all) results.get(contestant)?.push(await contestant.measure({ work, seconds }))
  const of = (contestant: Contestant) => results.get(contestant) ?? []
  const rate = (contestant: Contestant) => median(of(contestant).map((result) => result.perSecond))
  const perSecond = (contestant: Contestant) => rate(contestant).toFixed(1)
  const bars = all.map((contestant): Bar => {
    const isTessera = contestant === tessera
    return {
      name: PRODUCTS[contestant.product].name,
      value: rate(contestant),
      text: `${perSecond(contestant)}/s`,
      isTessera,
    }
  })
  groups.push({ label: work, bars })
  const p99 = (contestant: Contestant) => median(of(contestant).map((result) => result.p99Milliseconds)).toFixed(1)
  for (const peer of peers) {
    const ratios = of(tessera).map((ours, round) => ours.perSecond / (of(peer)[round]?.perSecond ?? Number.NaN))
    const { name, paths } = PRODUCTS[peer.product]
    print(
      `| ${work}: \`${PRODUCTS.tessera.paths[work]}\` | ${name} \`${paths[work]}\` | ${perSecond(tessera)} | ${perSecond(peer)} | ${spread(ratios)} | ${p99(tessera)} / ${p99(peer)} |`,
    )
  }
}

process.once('SIGINT', () => {}) // the processes of load end with it, and then the run cleans up
try {
  const ofTessera = readFileSync(join(import.meta.dirname, '../../server/package.json'), 'utf8')
  const tessera = await addContestant('tessera', await startProduct('tessera'), JSON.parse(ofTessera).version)
  const peers = await startPeers()
  if (peers.length === 0) throw new Error('No peer could be started: run npm install in bench/peers')
  print(
    `| ${clients} clients, ${ROUNDS} alternating rounds of ${seconds} s | peer | Tessera/s | peer/s | ratio (range) | p99 ms, Tessera / peer |`,
  )
  print('|---|---|---|---|---|---|')
  for (const work of WORKS) await compare(work, tessera, peers)
  if (options.chart) writeBarChart(options.chart, 'Requests a second: Tessera beside other products', groups)
  print('\nEach product hashes passwords with its default settings, which determine the rate of logins:')
  for (const { product, version } of [tessera, ...peers])
    print(`- ${PRODUCTS[product].name} ${version}: ${PRODUCTS[product].hashing}`)
  print(
    '\nAll products: one process in production mode, a user and a session per client, no rate limits, log to a file,',
  )
  print('all other settings by default.')
  print(
    '`me` reads the session in Tessera and Better Auth; in Directus it reads the user and their permissions instead.',
  )
  print('Better Auth has no refresh: its `/token` signs a JWT for an active session and changes nothing.')
  print('Its cookie cache is off, because it would accept ended sessions; so is the JWT beside `get-session`.')
  print('Directus: its delay of 500 ms per login and its refusals under load are off; its users have a role that may')
  print('read users, and no seat in its app.')
  const load = loadavg().map((value) => value.toFixed(1))
  print(`${availableParallelism()} cores (${cpus()[0]?.model}), Node.js ${process.version}, load ${load.join(' ')}.`)
} finally {
  for (const end of cleanUps.reverse()) await end()
}
process.exit(0)
