// Measures memory of the built package: fresh and idle, after load, and a minute later:
// `npm run bench:memory -- [--seconds 10] [--rounds 2] [--cost 12]`, the last of bcrypt. Linux only: memory is read from /proc.
// TEST_DATABASE_URL adds PostgreSQL.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createSchema } from '../harness/temporary-schema.ts'
import { startContestant } from './load/contestant.ts'
import { startServer } from './load/start-server.ts'
import { buildPackage } from './machine/build-package.ts'
import { memoryOf } from './machine/process-use.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '2' },
    cost: { type: 'string', default: '12' },
  },
})
const CLIENTS = 32
const LOAD = ['refresh', 'me', 'login'] as const
const IDLE_MILLISECONDS = 15_000
const REST_MILLISECONDS = 60_000

const print = (line: string) => process.stdout.write(`${line}\n`)

async function measure(command: string, database: string, settings: Record<string, string>): Promise<void> {
  const idle = await startServer(settings, 'Tessera', undefined, command)
  await sleep(IDLE_MILLISECONDS)
  print(`| ${database}: fresh, after ${IDLE_MILLISECONDS / 1000} s | ${memoryOf(idle.child.pid as number).now} MB |`)
  idle.child.kill('SIGTERM')
  await once(idle.child, 'close')
  rmSync(idle.folder, { recursive: true })

  const tessera = await startContestant('Tessera', settings, CLIENTS, 1, command)
  const size = () => memoryOf(tessera.pid).now
  for (let round = 1; round <= Number(options.rounds); round++) {
    const sizes: string[] = []
    for (const work of LOAD) {
      const { perSecond } = await tessera.measure({ work, seconds: Number(options.seconds) })
      sizes.push(`${work} ${size()} MB (${Math.round(perSecond)}/s)`)
    }
    print(`| ${database}: load ${round} | ${sizes.join(', ')} |`)
    await sleep(REST_MILLISECONDS)
    print(`| ${database}: a minute later | ${size()} MB |`)
  }
  print(`| ${database}: peak | ${memoryOf(tessera.pid).peak} MB |`)
  await tessera.end()
}

const command = buildPackage()
print(
  `| ${options.seconds} s of each work, ${CLIENTS} connections, bcrypt of cost ${options.cost} | resident memory |\n|---|---|`,
)
const hashing = { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: options.cost }
await measure(command, 'SQLite', hashing)
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) {
  const schema = await createSchema(databaseUrl)
  await measure(command, 'PostgreSQL', { ...hashing, DATABASE_URL: schema.url })
  await schema.drop()
}
process.exit(0)
