import { Client } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

const TABS = 3

/**
 * Tabs that share a token in the browser's storage and hold a lock while they read, refresh and store it. A tab that is
 * closed during a refresh leaves its key in the storage, and the next tab continues with that key.
 */
export async function lockedTabs(world: World, name: string): Promise<void> {
  const first = new Client(world, name)
  const user = await newUser(first)
  const storage = { session: await newSession(first, user, 'login'), key: null as string | null }
  let lock: Promise<unknown> = Promise.resolve()
  const locked = (work: () => Promise<void>): Promise<void> => {
    const turn = lock.then(work)
    lock = turn.catch(() => {})
    return turn
  }

  /** Returns false when the refresh was not answered. */
  const refresh = async (client: Client): Promise<boolean> => {
    if (!storage.session) return true
    storage.key ??= client.random.name()
    const result = await client.refresh({ ...storage.session, key: storage.key })
    if (result.outcome === 'unknown') return false
    storage.key = null
    if (result.outcome === 'ok') storage.session = { ...storage.session, ...result.value }
    else storage.session = await newSession(client, user, 'login')
    return true
  }
  const tab = async (index: number) => {
    const client = new Client(world, `${name} tab ${index}`)
    client.address = first.address
    while (!world.stopping) {
      await client.pause(0, 120)
      await locked(async () => void (await refresh(client)))
    }
  }
  await Promise.all(Array.from({ length: TABS }, (_, index) => tab(index)))
  await world.healed
  while (!(await refresh(first))) await first.pause(5, 80)
}
