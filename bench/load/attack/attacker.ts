// measure-attack.ts starts this process, which attacks when it is told to, and reports how it was answered.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeptConnection } from '../kept-connection.ts'
import { attacks } from './attacks.ts'
import { countOutcome, type Outcomes } from './outcome.ts'

export interface AttackerOptions {
  url: string
  seconds: number
  connections: number
  /** Of the attack. */
  name: string
}

const { url, seconds, connections, name }: AttackerOptions = JSON.parse(process.argv[2] ?? '{}')
const attack = attacks.find((one) => one.name === name)
if (!attack) throw new Error(`There is no attack ${name}.`)
const { request } = attack

const outcomes: Outcomes = {}
let sent = 0

/** Keeps one request under way, and repeats immediately after a refusal. */
async function keepAsking(end: number): Promise<void> {
  const connection = new KeptConnection(url)
  while (performance.now() < end) {
    const { path, body, address } = request(sent++)
    countOutcome(outcomes, await connection.ask(path, { body, forwardedFor: address }))
  }
}

process.send?.('ready')
await once(process, 'message')
const end = performance.now() + seconds * 1000
// Requests that still wait at the end are not awaited.
await Promise.race([Promise.all(Array.from({ length: connections }, () => keepAsking(end))), sleep(seconds * 1000)])
process.send?.(outcomes, () => process.exit(0))
