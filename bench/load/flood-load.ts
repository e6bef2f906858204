// flood.ts starts this process, with a role and its options: a flood of logins, or users who call at a steady rate.
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../harness/statistics.ts'
import { KeptConnection } from './kept-connection.ts'

export type Role = 'flood' | 'me' | 'refresh'

export interface LoadOptions {
  url: string
  seconds: number
  clients: number
  pauseMilliseconds: number
  /** Users who exist, all with one password. */
  emails: string[]
}

interface ProcessorUse {
  cpuSeconds: number
}

export interface FloodResult extends ProcessorUse {
  counts: Record<'200' | '401' | 'overloaded' | 'unavailable' | 'other', number>
  /** The median and p99 of the times until a 503, in milliseconds. */
  refusalQuantiles: string[]
}

export interface SteadyResult extends ProcessorUse {
  /** In milliseconds: before the flood, and during it. */
  p99: string[]
  refused: string
}

interface Session {
  connection: KeptConnection
  tokens: { access_token: string; refresh_token: string }
}

const LOGIN = '/api/v1/auth/login'
const PASSWORD = 'correct horse'
const INTERVAL_MILLISECONDS = { me: 100, refresh: 500 }

const [role, json = '{}'] = process.argv.slice(2) as [Role, string]
const options: LoadOptions = JSON.parse(json)

const formatQuantile = (times: readonly number[], share: number) =>
  times.length > 0 ? quantile(times, share).toFixed(1) : '-'

/** Keeps one login of each client in flight: half of them valid, half of them for unknown accounts. */
async function flood(): Promise<Omit<FloodResult, 'cpuSeconds'>> {
  const counts = { 200: 0, 401: 0, overloaded: 0, unavailable: 0, other: 0 }
  const refusals: number[] = []
  const end = performance.now() + options.seconds * 1000
  const client = async (_: unknown, index: number) => {
    const connection = new KeptConnection(options.url)
    const known = options.emails[index % options.emails.length]
    const body = { email: index % 2 ? known : `unknown-${index}@example.com`, password: PASSWORD }
    while (performance.now() < end) {
      const startedAt = performance.now()
      const answer = await connection.ask(LOGIN, { body })
      counts[outcomeOf(answer)]++
      if (answer.status !== 503) continue
      refusals.push(performance.now() - startedAt)
      if (!/\r\nretry-after: \d/i.test(answer.head)) throw new Error(`A 503 has no Retry-After: ${answer.head}`)
      if (options.pauseMilliseconds) await sleep(options.pauseMilliseconds)
    }
  }
  // Clients that still wait for their hash at the end are not awaited.
  await Promise.race([Promise.all(Array.from({ length: options.clients }, client)), sleep(options.seconds * 1000)])
  return { counts, refusalQuantiles: [0.5, 0.99].map((share) => formatQuantile(refusals, share)) }
}

function outcomeOf({ status, body }: { status: number; body: string }): keyof FloodResult['counts'] {
  if (status === 503) return body.includes('"overloaded"') ? 'overloaded' : 'unavailable'
  return status === 200 ? '200' : status === 401 ? '401' : 'other'
}

/** Calls for each user at a steady rate, until it is told that the flood has ended. A late answer delays its own user only. */
async function steadyCalls(work: 'me' | 'refresh'): Promise<Omit<SteadyResult, 'cpuSeconds'>> {
  const interval = INTERVAL_MILLISECONDS[work]
  const times: [number[], number[]] = [[], []] // before the flood, and during it
  let phase = 0
  let refused = 0
  process.on('message', () => {
    phase++
  })
  const sessions: Session[] = []
  for (const email of options.emails) sessions.push(await openSession(email))
  process.send?.('ready')
  const start = performance.now()
  const callSteadily = async (session: Session, index: number) => {
    let due = start + (interval * index) / sessions.length
    while (phase < 2) {
      await sleep(Math.max(0, due - performance.now()))
      if (!(await call(work, session))) refused++
      times[phase]?.push(performance.now() - due)
      due = Math.max(due + interval, performance.now())
    }
  }
  await Promise.all(sessions.map(callSteadily))
  return {
    p99: times.map((phaseTimes) => formatQuantile(phaseTimes, 0.99)),
    refused: `${refused} of ${times.flat().length} refused`,
  }
}

async function openSession(email: string): Promise<Session> {
  const connection = new KeptConnection(options.url)
  const { status, body } = await connection.ask(LOGIN, { body: { email, password: PASSWORD } })
  if (status !== 200) throw new Error(`A login was answered ${status}: ${body}`)
  return { connection, tokens: JSON.parse(body) }
}

/** Makes one call with a session; returns false if it was refused. */
async function call(work: 'me' | 'refresh', { connection, tokens }: Session): Promise<boolean> {
  const { access_token: bearer, refresh_token } = tokens
  const { status, body } =
    work === 'me'
      ? await connection.ask('/api/v1/auth/me', { bearer })
      : await connection.ask('/api/v1/auth/refresh', { body: { refresh_token } })
  if (status === 200 && work === 'refresh') Object.assign(tokens, JSON.parse(body))
  return status === 200
}

const result = await (role === 'flood' ? flood() : steadyCalls(role))
const { user, system } = process.cpuUsage()
process.send?.({ ...result, cpuSeconds: (user + system) / 1_000_000 }, () => process.exit(0))
