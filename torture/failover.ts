// Kills the primary under full load and goes on with its standby: `npm run torture:failover -- [--seconds N] [--rounds N]`.
// A synchronous standby must lose nothing that was acknowledged. With `--asynchronous` history is lost, and what counts is
// that sessions whose token is newer than the database end, and that no spent token lives again.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { Api } from '../harness/api.ts'
import { createPostgresCluster, type PostgresCluster } from '../harness/postgres-cluster.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'
import { TesseraServer } from '../harness/tessera-server.ts'
import { type Client, leaver, reader, refresher, registrar, type World } from './failover/clients.ts'
import { Tallies, type Tally } from './failover/tally.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    asynchronous: { type: 'boolean', default: false },
  },
})
const SECONDS = Number(values.seconds)
const ROUNDS = Number(values.rounds)
const { asynchronous } = values
// Behind by many refreshes of each client, and by about one: then a token of the lost history has a namesake in the new one.
const SECONDS_BEHIND = [0.5, 0.02]

interface Failover {
  primary: PostgresCluster
  standby: PostgresCluster
  /** By which an asynchronous standby follows. */
  link: TcpProxy
}

interface Round extends Failover {
  database: TcpProxy
  behind: number
  standbyAway: boolean
}

type Column = [name: string, value: (tally: Tally, index: number) => unknown]

const ASYNCHRONOUS_COLUMNS: Column[] = [
  ['sessions rolled back', (tally) => tally.rolledBack],
  ['sessions unknown', (tally) => tally.sessionsUnknown],
]

const serviceKey = randomUUID()
const tallies = new Tallies()
const primary = await createPostgresCluster()
const database = await startTcpProxy({ port: primary.port })
const server = await TesseraServer.start({
  DATABASE_URL: Object.assign(new URL(primary.url), { port: database.port }).href,
  JWT_SECRET_KEY: 'kept over every failover',
  PAIR_ISSUANCE: 'service',
  SERVICE_KEYS: serviceKey,
})
const api = new Api({ url: () => server.url, serviceKey })
const endOf = async (sessionId: string) =>
  endInDatabase(`postgres://postgres@127.0.0.1:${database.target.port}/tessera`, sessionId)
const world: World = { api, tallies, asynchronous, endOf }
const clients = await makeClients(world)
let running = true
const load = Promise.all(clients.map(goOn))
let pair = await follow(primary)

const seconds: { back: number; how: string }[] = []
for (let round = 1; round <= ROUNDS; round++) {
  // Every other time the standby is away first: commits that it did not get must not have been acknowledged.
  const behind = SECONDS_BEHIND[round % 2 ? 0 : 1] ?? 0
  const how = asynchronous ? `${behind} s behind, kill -9` : round % 2 ? 'kill -9' : 'standby away, kill -9'
  if (round > 1) tallies.begin()
  await sleep(SECONDS * 1000)
  const back = await failOver({ ...pair, database, behind, standbyAway: !asynchronous && round % 2 === 0 })
  seconds.push({ back, how })
  pair = await follow(pair.standby)
}
await sleep(SECONDS * 1000)
running = false
await load
const lost = (await Promise.all(clients.map((client) => client.findLost()))).flat()
const historyLost =
  (await server.command('audit', '--kind', 'history_lost', '--limit', '1000', '--json')).split('\n').length - 1
await server.remove()
await pair.primary.remove()
await pair.standby.remove()
report()

async function makeClients(world: World): Promise<Client[]> {
  const making = [
    ...Array.from({ length: 12 }, () => refresher(world, 'login')),
    ...Array.from({ length: 8 }, () => refresher(world, 'pair')),
    ...Array.from({ length: 2 }, () => leaver(world)),
    ...Array.from({ length: 2 }, () => reader(world)),
  ]
  return [...(await Promise.all(making)), registrar(world), registrar(world)]
}

async function goOn(client: Client): Promise<void> {
  while (running) await client.step()
}

async function follow(primary: PostgresCluster): Promise<Failover> {
  const link = await startTcpProxy({ port: primary.port })
  return { primary, link, standby: await primary.standby({ asynchronous, through: link.port }) }
}

/** Returns the seconds from the primary's end until a refresh was answered again. */
async function failOver({ primary, standby, link, database, behind, standbyAway }: Round): Promise<number> {
  if (asynchronous) {
    link.mode = 'stall'
    await sleep(behind * 1000)
  }
  if (standbyAway) {
    await standby.stop('fast')
    await sleep(1500)
  }
  const killed = performance.now()
  await primary.kill()
  link.cut()
  if (standbyAway) await standby.start()
  await sleep(Math.random() * 2000)
  await standby.promote()
  database.target = { port: standby.port }
  database.cut()
  const led = performance.now()
  while (tallies.lastRefresh < led) await sleep(5)
  await primary.remove()
  return (tallies.lastRefresh - killed) / 1000
}

async function endInDatabase(url: string, sessionId: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select revoke_reason from sessions where id = $1', [sessionId])
  await client.end()
  return rows.length === 0 ? 'unknown' : rows[0].revoke_reason
}

function report(): void {
  const columns: Column[] = [
    ['round', (_, index) => index + 1],
    ['how', (_, index) => seconds[index]?.how],
    ['refreshes', (tally) => tally.refreshes],
    ['sign-ups', (tally) => tally.signUps],
    ['logouts', (tally) => tally.logouts],
    ['/me', (tally) => tally.reads],
    ['503', (tally) => tally.unavailable],
    ['unanswered', (tally) => tally.unanswered],
    ['done though 503', (tally) => tally.doneUnsaid],
    ['s until back', (_, index) => seconds[index]?.back.toFixed(2)],
    ['violations', (tally) => tally.violations.length],
  ]
  if (asynchronous) columns.splice(-1, 0, ...ASYNCHRONOUS_COLUMNS)
  const row = (cells: unknown[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
  row(columns.map(([name]) => name))
  row(columns.map(() => '---'))
  for (const [index, tally] of tallies.all.entries()) row(columns.map(([, value]) => value(tally, index)))
  process.stdout.write(
    `\nAfterwards: ${lost.length} acknowledged results gone; audit events history_lost: ${historyLost}\n`,
  )
  const violations = [...tallies.all.flatMap((tally) => tally.violations), ...(asynchronous ? [] : lost)]
  for (const what of asynchronous ? new Set(lost) : []) {
    process.stdout.write(`lost with the history, ${lost.filter((each) => each === what).length} times: ${what}\n`)
  }
  for (const what of violations.slice(0, 20)) process.stdout.write(`violation: ${what}\n`)
  process.exit(violations.length > 0 ? 1 : 0)
}
