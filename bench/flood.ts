// Whether a flood of logins harms anybody else: `npm run bench:flood -- [--seconds 60] [--clients 500] [--pause 0]`.
// Linux only: processor time and memory are read from /proc. The load shares the machine with the server, at a lower
// priority; the table says how much of the machine it took.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { quantile } from '../harness/statistics.ts'
import { hangUp } from './hang-up.ts'
import { type Answer, KeptConnection } from './kept-connection.ts'
import { machineSeconds, memoryOf, processorSeconds } from './process-use.ts'
import { startServer } from './start-server.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '500' },
    /** Milliseconds that a client of the flood waits after a 503; one that heeds Retry-After waits 1000. */
    pause: { type: 'string', default: '0' },
    // What this file tells the processes that it starts of itself.
    role: { type: 'string', default: 'all' },
    url: { type: 'string', default: '' },
    people: { type: 'string', default: `${Date.now()}` },
  },
})
const SECONDS = Number(options.seconds)
const CLIENTS = Number(options.clients)
const PAUSE_MILLISECONDS = Number(options.pause)
const QUIET_SECONDS = 5
const PEOPLE = 10
const LOGIN = '/api/v1/auth/login'

const known = (index: number) => ({
  email: `${options.people}-${index % PEOPLE}@example.com`,
  password: 'correct horse',
})
const unknown = (index: number) => ({ email: `nobody-${index}@example.com`, password: 'correct horse' })
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

const cell = (times: readonly number[], share: number) => (times.length ? quantile(times, share).toFixed(1) : '-')

const codeOf = (body: string) => (body.includes('"overloaded"') ? 'overloaded' : 'unavailable')

async function expectOk(answering: Promise<Answer>): Promise<{ access_token: string; refresh_token: string }> {
  const { status, body } = await answering
  if (status !== 200) throw new Error(`answered ${status}: ${body}`)
  return JSON.parse(body)
}

/** Every client always has a login under way: half of them right ones, half for accounts that are not there. */
async function flood() {
  const count = { 200: 0, 401: 0, overloaded: 0, unavailable: 0, other: 0 }
  const busy: number[] = []
  const end = performance.now() + SECONDS * 1000
  const client = async (index: number) => {
    const connection = new KeptConnection(options.url)
    const body = index % 2 ? known(index) : unknown(index)
    while (performance.now() < end) {
      const began = performance.now()
      const { status, head, body: said } = await connection.ask(LOGIN, { body })
      count[status === 503 ? codeOf(said) : status === 200 || status === 401 ? status : 'other']++
      if (status !== 503) continue
      busy.push(performance.now() - began)
      if (!/\r\nretry-after: \d/i.test(head)) throw new Error(`a 503 without Retry-After: ${head}`)
      if (PAUSE_MILLISECONDS) await sleep(PAUSE_MILLISECONDS)
    }
  }
  // At the end some wait for their hash still; nobody waits for them.
  await Promise.race([Promise.all(numbers(CLIENTS).map(client)), sleep(SECONDS * 1000)])
  return { count, busy: [0.5, 0.99].map((share) => cell(busy, share)) }
}

/** Ten people, each at a steady rate, until told to stop; late answers put off only who waits for them. */
async function calm(ask: 'me' | 'refresh', everyMilliseconds: number) {
  const times: number[][] = [[], []] // before the flood, and in it
  let phase = 0
  let refused = 0
  process.on('message', () => {
    phase++
  })
  const people: { connection: KeptConnection; tokens: { access_token: string; refresh_token: string } }[] = []
  for (const index of numbers(PEOPLE)) {
    const connection = new KeptConnection(options.url)
    people.push({ connection, tokens: await expectOk(connection.ask(LOGIN, { body: known(index) })) })
  }
  process.send?.('ready')
  const start = performance.now()
  const person = async ({ connection, tokens }: (typeof people)[number], index: number) => {
    for (
      let due = start + (everyMilliseconds * index) / PEOPLE;
      phase < 2;
      due = Math.max(due + everyMilliseconds, performance.now())
    ) {
      await sleep(Math.max(0, due - performance.now()))
      const { access_token: bearer, refresh_token } = tokens
      const answer =
        ask === 'me'
          ? await connection.ask('/api/v1/auth/me', { bearer })
          : await connection.ask('/api/v1/auth/refresh', { body: { refresh_token } })
      if (answer.status !== 200) refused++
      else if (ask === 'refresh') Object.assign(tokens, JSON.parse(answer.body))
      times[phase]?.push(performance.now() - due)
    }
  }
  await Promise.all(people.map(person))
  return { latest: times.map((list) => cell(list, 0.99)), of: `(${refused} of ${times.flat().length} refused)` }
}

type Heard = Awaited<ReturnType<typeof flood>> & Awaited<ReturnType<typeof calm>> & { cpu: number }

/** Starts this file in one of its roles; it sends its result when it is done. */
function startRole(role: string, nice: number): { child: ChildProcess; heard: () => Promise<Heard> } {
  const given = Object.entries({ ...options, role }).flatMap(([name, value]) => [`--${name}`, value])
  const command = ['-n', `${nice}`, process.execPath, import.meta.filename, ...given]
  const child = spawn('nice', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('exit', (code) => code && process.exit(code))
  return { child, heard: async () => (await once(child, 'message'))[0] }
}

/** One server under a flood; returns a column of the table. */
async function bench(settings: Record<string, string>): Promise<string[]> {
  const { url, child: server, folder } = await startServer(settings)
  const pid = server.pid as number
  options.url = url
  const first = new KeptConnection(url)
  for (const index of numbers(PEOPLE))
    await expectOk(first.ask('/api/v1/users/sign_up', { body: { user: known(index) } }))
  const hungUp = await hangUp(url, CLIENTS)
  const [me, refresh] = [startRole('me', 0), startRole('refresh', 0)] as const
  await Promise.all([me.heard(), refresh.heard()])
  await sleep(QUIET_SECONDS * 1000)

  const used = () => ({ ...processorSeconds(pid), machine: machineSeconds() })
  const [before, memory] = [used(), memoryOf(pid)]
  for (const { child } of [me, refresh]) child.send('it begins')
  const flooded = await startRole('flood', 10).heard()
  const after = used()
  const { now, peak } = memoryOf(pid)
  const calmed = Promise.all([me.heard(), refresh.heard()])
  for (const { child } of [me, refresh]) child.send('it is over')
  const [ofMe, ofRefresh] = await calmed
  server.kill('SIGKILL') // it has logins to work off that nobody waits for
  await once(server, 'close')
  rmSync(folder, { recursive: true })

  const cores = (seconds: number) => (seconds / SECONDS).toFixed(2)
  const loop = after.firstThread - before.firstThread
  const hashing = after.otherThreads - before.otherThreads
  const load = flooded.cpu + ofMe.cpu + ofRefresh.cpu
  return [
    Object.values(flooded.count)
      .map((count) => (count / SECONDS).toFixed(1))
      .join(' / '),
    flooded.busy.join(' / '),
    `${ofMe.latest.join(' / ')} ${ofMe.of}`,
    `${ofRefresh.latest.join(' / ')} ${ofRefresh.of}`,
    `${memory.now} / ${now} / ${peak}`,
    `${cores(loop)} + ${cores(hashing)}`,
    `${cores(load)} + ${cores(after.machine - before.machine - loop - hashing - load)}`,
    hungUp,
  ]
}

const ROWS = [
  'logins a second: 200 / 401 / 503 overloaded / 503 unavailable / other | no unavailable, no other',
  '503, p50 / p99 ms | 100',
  '`/me` p99 ms, quiet / flooded | 50, none refused',
  'rotating refresh p99 ms, quiet / flooded | 200, none refused',
  'server memory before / after / peak, MB | bounded',
  'cores used by the server: event loop + hashing and the rest | ',
  'cores used by the load + by others (PostgreSQL, other work) | ',
  `the next logins after ${CLIENTS} hung up | 503, and the wait for all their hashes`,
]

if (options.role === 'all') {
  const databaseUrl = process.env['TEST_DATABASE_URL']
  const columns = [await bench({})]
  if (databaseUrl) columns.push(await bench({ DATABASE_URL: databaseUrl }))
  process.stdout.write(
    `| ${CLIENTS} logins at once, ${SECONDS} s | target | SQLite |${databaseUrl ? ' PostgreSQL |' : ''}\n|---|---${'|---'.repeat(columns.length)}|\n`,
  )
  for (const [index, row] of ROWS.entries())
    process.stdout.write(`| ${row} | ${columns.map((column) => column[index]).join(' | ')} |\n`)
  const load = loadavg().map((value) => value.toFixed(1))
  process.stdout.write(`\n${availableParallelism()} cores, load ${load.join(' ')}.\n`)
} else {
  const asks = { me: () => calm('me', 100), refresh: () => calm('refresh', 500), flood }
  const result = await asks[options.role as keyof typeof asks]()
  const { user, system } = process.cpuUsage()
  process.send?.({ ...result, cpu: (user + system) / 1_000_000 }, () => process.exit(0))
}
