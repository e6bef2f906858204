import type { Credentials } from '../../harness/api.ts'
import { Client, type Session } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

const TABS = 3

/**
 * Tabs that share a cookie and do not coordinate. The browser sends the cookie's value at the time of the request and
 * stores that of an answer when it arrives, even if it is older, but not if it belongs to an earlier login.
 */
export async function cookieTabs(world: World, name: string): Promise<void> {
  const first = new Client(world, name)
  const user = await newUser(first)
  const browser = new Browser(user, await newSession(first, user, 'cookie'))
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
  /** The session of the cookie. */
  #session: Session | null

  constructor(user: Credentials, session: Session | null) {
    this.#user = user
    this.#session = session
  }

  async refresh(client: Client): Promise<void> {
    const sent = this.#session
    if (!sent) return
    let presented = sent
    const result = await client.retry(() => {
      presented = this.#session ?? sent // a repetition sends the cookie's current value
      return client.refresh({ ...presented, key: null })
    })
    if (result.outcome === 'refused') return this.#logInAgain(client, presented)
    const isSet = result.value.refresh_token !== presented.refresh_token
    if (isSet && this.#session?.user === presented.user) this.#session = { ...presented, ...result.value }
  }

  /** A tab that learns that the session has ended sends all tabs to the login page. */
  #logInAgain(client: Client, refused: Session): Promise<void> {
    if (this.#session?.refresh_token !== refused.refresh_token) return Promise.resolve() // another tab has done it
    this.loggingIn ??= newSession(client, this.#user, 'cookie', refused).then((session) => {
      this.#session = session
      this.loggingIn = null
    })
    return this.loggingIn
  }
}
