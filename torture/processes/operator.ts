import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Person } from '../clients/client.ts'
import { now } from '../history.ts'

const TESSERA = join(import.meta.dirname, '../../server/bin/tessera.js')
const MOST_RETRIED = 30
/** Servers look for due mails every two seconds. */
const DELIVERY_MILLISECONDS = 6000

/** Runs the command line beside the servers, on the same database. */
export class Operator {
  readonly #folder: string
  readonly #environment: Record<string, string>

  constructor(folder: string, environment: Record<string, string>) {
    this.#folder = folder
    this.#environment = environment
  }

  /** Disables a person or sets a new password: all their sessions end. */
  async end(client: Client, person: Person): Promise<void> {
    const action = client.random.pick(['disable', 'set_password'] as const)
    const words = action === 'disable' ? ['disable'] : ['set-password']
    const begun = now()
    const { code } = await this.#run(['users', ...words, person.email], 'a new password\n')
    const about = { actor: client.name, action, person: person.email, session: null, presented: null, received: null }
    const rest = { key: null, carrier: null, mixed: false, address: client.address, status: null }
    // A command that failed may have done its work all the same.
    client.world.history.record({ ...about, ...rest, begun, ended: now(), outcome: code === 0 ? 'ok' : 'unknown' })
  }

  async cleanUp(): Promise<void> {
    await this.#run(['clean-up'], '')
  }

  /** Lets mails that were put off leave now. */
  async sendWaitingMails(): Promise<void> {
    const waiting = await this.#run(['outbox', 'list', '--state', 'waiting', '--json'], '')
    for (const line of waiting.output.split('\n').filter(Boolean).slice(0, MOST_RETRIED))
      await this.#run(['outbox', 'retry', String(JSON.parse(line).id)], '')
    await sleep(DELIVERY_MILLISECONDS)
  }

  async #run(words: string[], input: string): Promise<{ code: number | null; output: string }> {
    const env = { PATH: process.env['PATH'] ?? '', ...this.#environment }
    const child = spawn(process.execPath, [TESSERA, ...words], {
      cwd: this.#folder,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdin.end(input)
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
    return { code: child.exitCode, output }
  }
}
