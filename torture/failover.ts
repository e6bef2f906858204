// Kills the primary under full load and continues with its standby:
// `npm run torture:failover -- [--seconds 6] [--rounds 3] [--asynchronous]`.
// With a synchronous standby no acknowledged change may be lost. With an asynchronous one some are: then sessions whose
// token is newer than the database must end, and no used token may be accepted again.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { Api } from '../harness/api.ts'
import { createPostgresCluster } from '../harness/postgres-cluster.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'
import { TesseraServer } from '../harness/tessera-server.ts'
import { type Client, leaver, reader, refresher, registrar, type World } from './failover/clients.ts'
import { failOver, replicate } from './failover/replication.ts'
import { type Round, report } from './failover/report.ts'
import { Tallies } from './failover/tally.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    asynchronous: { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds)
const roundCount = Number(options.rounds)
const { asynchronous } = options
/** Many refreshes of each client, or about one: then a token of the lost history has the generation of a new one. */
const SECONDS_BEHIND = [0.5, 0.02]

const serviceKey = randomUUID()
const tallies = new Tallies()
const primary = await createPostgresCluster()
const database = await startTcpProxy({ port: primary.port })
const server = await TesseraServer.start({
  DATABASE_URL: Object.assign(new URL(primary.url), { port: database.port }).href,
  JWT_SECRET_KEY: 'the same secret over every failover',
  PAIR_ISSUANCE: 'service',
  SERVICE_KEYS: serviceKey,
})
const api = new Api({ url: () => server.url, serviceKey })
const world: World = { api, tallies, asynchronous, sessionEnd }
const clients = await startClients()
let running = true
const load = Promise.all(clients.map(run))
let replication = await replicate(primary, asynchronous)

const rounds: Round[] = []
for (let number = 1; number <= roundCount; number++) {
  const isOdd = number % 2 === 1
  if (number > 1) tallies.startRound()
  await sleep(seconds * 1000)
  const secondsBehind = asynchronous ? (SECONDS_BEHIND[isOdd ? 0 : 1] ?? 0) : null
  // In every second round the standby is away first: then no commit may be acknowledged before it is back.
  const standbyIsAway = !asynchronous && !isOdd
  const fault = { secondsBehind, standbyIsAway }
  const secondsUntilRefresh = await failOver(replication, database, fault, () => tallies.lastRefreshAt)
  rounds.push({ ...fault, secondsUntilRefresh })
  replication = await replicate(replication.standby, asynchronous)
}
await sleep(seconds * 1000)
running = false
await load
const lost = (await Promise.all(clients.map((client) => client.findLost()))).flat()
const events = await server.command('audit', '--kind', 'history_lost', '--limit', '1000', '--json')
await server.remove()
await replication.primary.remove()
await replication.standby.remove()
const violations = report({ tallies, rounds, lost, asynchronous, historyLostEvents: events.split('\n').length - 1 })
process.exit(violations > 0 ? 1 : 0)

async function startClients(): Promise<Client[]> {
  const starting = [
    ...Array.from({ length: 12 }, () => refresher(world, 'login')),
    ...Array.from({ length: 8 }, () => refresher(world, 'pair')),
    ...Array.from({ length: 2 }, () => leaver(world)),
    ...Array.from({ length: 2 }, () => reader(world)),
  ]
  return [...(await Promise.all(starting)), registrar(world), registrar(world)]
}

async function run(client: Client): Promise<void> {
  while (running) await client.step()
}

/** Reads from the current primary why a session ended. */
async function sessionEnd(sessionId: string): Promise<string | null> {
  const connectionString = `postgres://postgres@127.0.0.1:${database.target.port}/tessera`
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows } = await client.query('select revoke_reason from sessions where id = $1', [sessionId])
  await client.end()
  return rows.length === 0 ? 'unknown' : rows[0].revoke_reason
}
