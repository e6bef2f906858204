import { setTimeout as sleep } from 'node:timers/promises'
import { type FinishedCommand, runTessera } from '../../harness/launch-tessera.ts'
import { now } from '../history.ts'
import type { Client, User } from './client.ts'

const MAX_RETRIES = 15
/** Servers look for due mails every two seconds. */
const DELIVERY_MILLISECONDS = 4000

/** Runs the command line beside the servers, on the same database. */
export class Operator {
  readonly #folder: string
  readonly #environment: Record<string, string>

  constructor(folder: string, environment: Record<string, string>) {
    this.#folder = folder
    this.#environment = environment
  }

  /** Disables a user or sets a new password, which ends all sessions of the user. */
  async endSessions(client: Client, user: User): Promise<void> {
    const action = client.random.pick(['disable', 'set_password'] as const)
    const command = action === 'disable' ? 'disable' : 'set-password'
    const startedAt = now()
    const { code } = await this.#run(['users', command, user.email], 'a new password\n')
    client.world.history.record({
      actor: client.name,
      action,
      user: user.email,
      session: null,
      presented: null,
      replaced: null,
      key: null,
      kind: null,
      mixed: false,
      sentAs: null,
      address: client.address,
      startedAt,
      endedAt: now(),
      outcome: code === 0 ? 'ok' : 'unknown', // a command that failed may have taken effect
      status: null,
      received: null,
    })
  }

  /** Returns false if the database was unavailable. */
  async cleanUp(): Promise<boolean> {
    return (await this.#run(['clean-up'])).code === 0
  }

  /** Makes mails that were postponed due now, and waits until they are sent, but not without limit. */
  async sendWaitingMails(): Promise<void> {
    for (let retry = 0; retry < MAX_RETRIES; retry++) {
      const waiting = await this.#run(['outbox', 'list', '--state', 'waiting', '--limit', '1000', '--json'])
      const lines = waiting.stdout.split('\n').filter(Boolean)
      const ids = lines.map((line) => String(JSON.parse(line).id))
      if (waiting.code === 0 && ids.length === 0) return
      if (ids.length > 0) await this.#run(['outbox', 'retry', ...ids])
      await sleep(DELIVERY_MILLISECONDS)
    }
  }

  #run(words: string[], input = ''): Promise<FinishedCommand> {
    return runTessera(words, { folder: this.#folder, environment: this.#environment, input })
  }
}
