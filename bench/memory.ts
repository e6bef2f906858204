// Measures the time from start to first answer, and memory before and after many refreshes:
// `npm run bench:memory -- [--refreshes 100000]`. Linux only: memory is read from /proc. TEST_DATABASE_URL adds PostgreSQL.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { startContestant } from './load/contestant.ts'
import { KeptConnection } from './load/kept-connection.ts'
import { startServer } from './load/start-server.ts'
import { memoryOf } from './machine/process-use.ts'

const { values: options } = parseArgs({ options: { refreshes: { type: 'string', default: '100000' } } })
const REFRESHES = Number(options.refreshes)
const STARTS = 5
const IDLE_MILLISECONDS = 5000

const print = (line: string) => process.stdout.write(`${line}\n`)

/** Measures one start. On SQLite each start creates its database, on PostgreSQL only the first one does. */
async function measureStart(settings: Record<string, string>): Promise<{ seconds: number; idle: number }> {
  const began = performance.now()
  const { url, child, folder } = await startServer(settings)
  const connection = new KeptConnection(url)
  await connection.ask('/health', {})
  const seconds = (performance.now() - began) / 1000
  connection.socket.destroy()
  await sleep(IDLE_MILLISECONDS)
  const idle = memoryOf(child.pid as number).now
  child.kill('SIGTERM')
  await once(child, 'close')
  rmSync(folder, { recursive: true })
  return { seconds, idle }
}

async function measure(database: string, settings: Record<string, string>): Promise<void> {
  const starts: { seconds: number; idle: number }[] = []
  for (let count = 0; count < STARTS; count++) starts.push(await measureStart(settings))
  const tessera = await startContestant('Tessera', { ...settings, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4' }, 32)
  const sizes: number[] = []
  let refreshes = 0
  for (let part = 1; part <= 4; part++) {
    while (refreshes < (REFRESHES * part) / 4)
      refreshes += 2 * (await tessera.measure({ work: 'refresh', seconds: 2 })).perSecond
    sizes.push(memoryOf(tessera.pid).now)
  }
  await tessera.end()
  const first = median(starts.map(({ seconds }) => seconds)).toFixed(2)
  const idle = median(starts.map((start) => start.idle))
  print(`| ${database} | ${first} s | ${idle} MB | ${sizes.join(', ')} MB |`)
}

print(`| | start to first answer | idle | after each quarter of ${REFRESHES} refreshes |\n|---|---|---|---|`)
await measure('SQLite', {})
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) {
  const schema = await createSchema(databaseUrl)
  await measure('PostgreSQL', { DATABASE_URL: schema.url })
  await schema.drop()
}
process.exit(0)
