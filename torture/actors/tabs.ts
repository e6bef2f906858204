import type { Credentials } from '../../harness/api.ts'
import { Client, type Session } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

const TABS = 3

/**
 * Tabs that share a cookie, or a stored token with its attempt, and do not coordinate. A request has what is there at its
 * time, and an answer with an attempt is stored when it arrives, even if it is older, but not if it belongs to an earlier
 * login.
 */
export async function tabs(world: World, name: string, kind: 'cookie' | 'login'): Promise<void> {
  const first = new Client(world, name)
  const user = await newUser(first)
  const browser = new Browser(user, kind, await newSession(first, user, kind))
  const tab = async (index: number) => {
    const client = new Client(world, `${name} tab ${index}`)
    client.address = first.address
    while (!world.stopping) {
      await client.pause(0, 400)
      await browser.loggingIn
      await browser.refresh(client)
    }
  }
  await Promise.all(Array.from({ length: TABS }, (_, index) => tab(index)))
  await world.healed
  await browser.refresh(first)
}

class Browser {
  loggingIn: Promise<void> | null = null
  readonly #user: Credentials
  readonly #kind: 'cookie' | 'login'
  /** The session of the cookie or the storage. */
  #session: Session | null

  constructor(user: Credentials, kind: 'cookie' | 'login', session: Session | null) {
    this.#user = user
    this.#kind = kind
    this.#session = session
  }

  async refresh(client: Client): Promise<void> {
    const sent = this.#session
    if (!sent) return
    let presented = sent
    const result = await client.retry(() => {
      presented = this.#session ?? sent // a repetition sends what is there by then
      return client.refresh({ ...presented, key: this.#kind === 'cookie' ? null : (presented.attempt ?? null) })
    })
    if (result.outcome === 'refused') return this.#logInAgain(client, presented)
    const isStored = result.value.attempt !== undefined
    if (isStored && this.#session?.user === presented.user) this.#session = { ...presented, ...result.value }
  }

  /** A tab that learns that the session has ended sends all tabs to the login page. */
  #logInAgain(client: Client, refused: Session): Promise<void> {
    if (this.#session?.refresh_token !== refused.refresh_token) return Promise.resolve() // another tab has done it
    this.loggingIn ??= newSession(client, this.#user, this.#kind, this.#kind === 'cookie' ? refused : null).then(
      (session) => {
        this.#session = session
        this.loggingIn = null
      },
    )
    return this.loggingIn
  }
}
