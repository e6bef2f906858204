// Tessera beside other products, each as its own npm package has it, in one run on one machine and one PostgreSQL server:
// `cd bench/peers && npm install && TEST_DATABASE_URL=postgres://... node run.ts [--rounds 5] [--seconds 5] [--clients 16]`.
// The user of that URL must be allowed to create databases. No part of the project: its packages are installed here alone.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, spread } from '../../harness/statistics.ts'
import type { Pace } from '../repeat-for.ts'
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
  },
})
const ROUNDS = Number(options.rounds)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const PEERS: Peer[] = ['better-auth', 'directus']
/** `refresh` before `me`, which so has access tokens that do not expire meanwhile. */
const WORKS: Work[] = ['login', 'refresh', 'me']

const say = (line: string) => process.stdout.write(`${line}\n`)

const databaseUrl = process.env['TEST_DATABASE_URL']
if (!databaseUrl) throw new Error('set TEST_DATABASE_URL')
const endings: (() => unknown)[] = []

interface Participant extends Contestant {
  version: string
}

async function startProduct(product: ProductKey): Promise<Server> {
  const { url, drop } = await newDatabase(databaseUrl as string)
  endings.push(drop)
  const server = await (product === 'tessera' ? startTessera(url) : startPeer(product, url))
  endings.push(server.end)
  return server
}

async function joinIn(product: ProductKey, { url }: Server, version: string): Promise<Participant> {
  const contestant = await startContestant(product, url, clients)
  endings.push(contestant.end)
  return { ...contestant, version }
}

/** Without the peers that do not start here; but one that starts and then refuses something ends the run. */
async function startPeers(): Promise<Participant[]> {
  const peers: Participant[] = []
  for (const peer of PEERS) {
    const started = await startProduct(peer).catch((error: Error) => error)
    if (started instanceof Error) say(`${PRODUCTS[peer].name} skipped: ${started.message}\n`)
    else peers.push(await joinIn(peer, started, versionOf(peer)))
  }
  return peers
}

/** Rounds in turn, so that whatever the machine does meanwhile befalls all. */
async function compare(work: Work, tessera: Contestant, peers: Contestant[]): Promise<void> {
  const all = [tessera, ...peers]
  for (const contestant of all) await contestant.measure({ work, seconds: Math.min(seconds, 3) }) // warm
  const results = new Map<Contestant, Pace[]>(all.map((contestant) => [contestant, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const contestant of all) results.get(contestant)?.push(await contestant.measure({ work, seconds }))
  const of = (contestant: Contestant) => results.get(contestant) ?? []
  const perSecond = (contestant: Contestant) => median(of(contestant).map((result) => result.perSecond)).toFixed(1)
  const p99 = (contestant: Contestant) => median(of(contestant).map((result) => result.p99Milliseconds)).toFixed(1)
  for (const peer of peers) {
    const ratios = of(tessera).map((ours, round) => ours.perSecond / (of(peer)[round]?.perSecond ?? Number.NaN))
    const { name, paths } = PRODUCTS[peer.product]
    say(
      `| ${work}: \`${PRODUCTS.tessera.paths[work]}\` | ${name} \`${paths[work]}\` | ${perSecond(tessera)} | ${perSecond(peer)} | ${spread(ratios)} | ${p99(tessera)} / ${p99(peer)} |`,
    )
  }
}

process.once('SIGINT', () => {}) // the processes of load end by it, and with them the run, in order
try {
  const ofTessera = readFileSync(join(import.meta.dirname, '../../server/package.json'), 'utf8')
  const tessera = await joinIn('tessera', await startProduct('tessera'), JSON.parse(ofTessera).version)
  const peers = await startPeers()
  if (peers.length === 0) throw new Error('there is nobody to be compared with')
  say(
    `| ${clients} clients, ${ROUNDS} rounds of ${seconds} s each in turn | peer | Tessera/s | peer/s | ratio (range) | p99 ms, Tessera / peer |`,
  )
  say('|---|---|---|---|---|---|')
  for (const work of WORKS) await compare(work, tessera, peers)
  say('\nPasswords are hashed as each product ships, which decides about login:')
  for (const { product, version } of [tessera, ...peers])
    say(`- ${PRODUCTS[product].name} ${version}: ${PRODUCTS[product].hashing}`)
  say('\nEverybody: one process in production mode, a person and a session per client, no rate limits, log to a file,')
  say('all other settings as shipped.')
  say(
    '`me` reads the session in Tessera and Better Auth; in Directus not the session, but the person and their rights.',
  )
  say('Better Auth has no refresh: its `/token` signs a JWT for a living session and changes nothing.')
  say('Its cookie cache is off, since it would answer for ended sessions; so is the JWT beside `get-session`.')
  say('Directus: its wait of 500 ms per login and its refusals under load are off; its people have a role that may')
  say('read users, and no seat in its app.')
  const load = loadavg().map((value) => value.toFixed(1))
  say(`${availableParallelism()} cores (${cpus()[0]?.model}), Node.js ${process.version}, load ${load.join(' ')}.`)
} finally {
  for (const end of endings.reverse()) await end()
}
process.exit(0)
