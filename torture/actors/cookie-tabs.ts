import { newSession, newUser } from './begin.ts'
import { Client, type Session } from './client.ts'
import type { World } from './world.ts'

const TABS = 3

/**
 * Tabs that share a cookie and know nothing of each other. The browser sends what the cookie holds when a request leaves,
 * and stores what an answer brings when it arrives, be it older than what is there; but for answers of a login before.
 */
export async function cookieTabs(world: World, name: string): Promise<void> {
  const first = new Client(world, name)
  const user = await newUser(first)
  const jar = { session: await newSession(first, user, 'cookie') }
  let loggingIn: Promise<void> | null = null

  /** Whoever is told that the session is over brings all tabs to the login page. */
  const logInAgain = (client: Client, refused: Session): Promise<void> => {
    if (jar.session?.refresh_token !== refused.refresh_token) return Promise.resolve() // another tab has
    loggingIn ??= newSession(client, user, 'cookie').then((session) => {
      jar.session = session
      loggingIn = null
    })
    return loggingIn
  }
  const refresh = async (client: Client): Promise<void> => {
    const sent = jar.session
    if (!sent) return
    let asked = sent
    const result = await client.retry(() => {
      asked = jar.session ?? sent // a repetition sends what the cookie holds by then
      return client.refresh({ ...asked, key: null })
    })
    if (result.outcome === 'refused') return logInAgain(client, asked)
    const isSet = result.value.refresh_token !== asked.refresh_token
    if (isSet && jar.session?.user === asked.user) jar.session = { ...asked, ...result.value }
  }
  const tab = async (index: number) => {
    const client = new Client(world, `${name} tab ${index}`)
    client.address = first.address
    while (!world.stopping) {
      await client.pause(0, 400)
      await loggingIn
      await refresh(client)
    }
  }
  await Promise.all(Array.from({ length: TABS }, (_, index) => tab(index)))
  await world.healed
  await refresh(first)
}
