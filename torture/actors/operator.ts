import { setTimeout as sleep } from 'node:timers/promises'
import { type FinishedCommand, runTessera } from '../../harness/launch-tessera.ts'
import { now } from '../history.ts'
import type { Client, User } from './client.ts'

const MOST_ATTEMPTS = 15
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

  /** Disables a user or sets a new password: all their sessions end. */
  async end(client: Client, user: User): Promise<void> {
    const action = client.random.pick(['disable', 'set_password'] as const)
    const words = action === 'disable' ? ['disable'] : ['set-password']
    const startedAt = now()
    const { code } = await this.#run(['users', ...words, user.email], 'a new password\n')
    const about = { actor: client.name, action, user: user.email, session: null, presented: null, received: null }
    const rest = { key: null, kind: null, mixed: false, address: client.address, status: null }
    // A command that failed may have done its work all the same.
    client.world.history.record({
      ...about,
      ...rest,
      startedAt,
      endedAt: now(),
      outcome: code === 0 ? 'ok' : 'unknown',
    })
  }

  /** False where the database was away. */
  async cleanUp(): Promise<boolean> {
    return (await this.#run(['clean-up'], '')).code === 0
  }

  /** Lets mails that were put off leave now, and waits until they have, but not for ever. */
  async sendWaitingMails(): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const waiting = await this.#run(['outbox', 'list', '--state', 'waiting', '--limit', '1000', '--json'], '')
      const ids = waiting.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => String(JSON.parse(line).id))
      if (waiting.code === 0 && ids.length === 0) return
      if (ids.length > 0) await this.#run(['outbox', 'retry', ...ids], '')
      await sleep(DELIVERY_MILLISECONDS)
    }
  }

  #run(words: string[], input: string): Promise<FinishedCommand> {
    return runTessera(words, { folder: this.#folder, environment: this.#environment, input })
  }
}
