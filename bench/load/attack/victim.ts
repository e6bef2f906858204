// measure-attack.ts starts this process: victims of an attack, who sign in at a steady rate with their right passwords.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeptConnection } from '../kept-connection.ts'
import type { Victim } from './attacks.ts'
import { countOutcome, type Outcomes } from './outcome.ts'

export interface VictimsOptions {
  url: string
  seconds: number
  victims: Victim[]
}

export interface VictimResult {
  outcomes: Outcomes
  /** How long each successful login took, in milliseconds. */
  times: number[]
}

const LOGIN = '/api/v1/auth/login'
const PASSWORD = 'correct horse'
const INTERVAL_MILLISECONDS = 500

const { url, seconds, victims }: VictimsOptions = JSON.parse(process.argv[2] ?? '{}')

type LogIn = () => ReturnType<KeptConnection['ask']>

/** Opens the connection of a victim, and signs in for a device token if the victim has one. */
async function prepare({ email, address, hasDevice }: Victim): Promise<LogIn> {
  const connection = new KeptConnection(url)
  const logIn = (device: object) =>
    connection.ask(LOGIN, { body: { email, password: PASSWORD, ...device }, forwardedFor: address })
  if (!hasDevice) return () => logIn({})
  const { status, body } = await logIn({ device_token: '' })
  if (status !== 200) throw new Error(`A login was answered ${status}: ${body}`)
  const { device_token } = JSON.parse(body)
  return () => logIn({ device_token })
}

/** Signs in at a steady rate. A late answer delays the next login. */
async function logInSteadily(logIn: LogIn): Promise<VictimResult> {
  const result: VictimResult = { outcomes: {}, times: [] }
  let due = performance.now()
  const end = due + seconds * 1000
  while (due < end) {
    await sleep(Math.max(0, due - performance.now()))
    const answer = await logIn()
    countOutcome(result.outcomes, answer)
    if (answer.status === 200) result.times.push(performance.now() - due)
    due = Math.max(due + INTERVAL_MILLISECONDS, performance.now())
  }
  return result
}

const prepared: LogIn[] = []
for (const victim of victims) prepared.push(await prepare(victim))
process.send?.('ready')
await once(process, 'message')
process.send?.(await Promise.all(prepared.map(logInSteadily)), () => process.exit(0))
