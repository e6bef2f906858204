import { Client, type Session } from '../client.ts'
import { newSession, newUser } from '../start.ts'
import type { World } from '../world.ts'

const MAX_TURNS = 6

/**
 * Thefts from an owner who sends one key with every refresh, one after another. The thief knows the key and has a copy of
 * the token that the owner used last. While the owner is idle, the thief presents it; then they take turns. After a window,
 * the key must not pass the copy off as a repetition, except for the first token that the key was sent with.
 */
export async function constantKeyTheft(world: World, name: string, kind: 'login' | 'pair'): Promise<void> {
  const key = world.random.of(`key of ${name}`).name()
  for (let round = 0; !world.stopping; round++) await oneTheft(world, `${name} ${round}`, kind, key)
}

interface Party {
  client: Client
  holds: Session
}

async function oneTheft(world: World, name: string, kind: 'login' | 'pair', key: string): Promise<void> {
  const client = new Client(world, name)
  const session = await newSession(client, await newUser(client), kind)
  if (!session) return
  const owner = { client, holds: session }
  let used = session
  for (let count = Math.ceil(client.random.between(1, 6)); count > 0; count--) {
    used = owner.holds
    if (!(await refresh(owner, key))) return
    await client.pause(0, 100)
  }
  const thief = { client: new Client(world, `${name} thief`), holds: used }
  for (let turn = 0; turn < MAX_TURNS && !world.stopping; turn++) {
    await pauseBeforeTurn(client)
    if (await refresh(turn % 2 === 0 ? thief : owner, key)) continue
    await refresh(turn % 2 === 0 ? owner : thief, key) // the session has ended for the other one, too
    return
  }
}

/** Refreshes with the key, and stores the successor; returns false when the session has ended. */
async function refresh(party: Party, key: string): Promise<boolean> {
  const result = await party.client.retry(() => party.client.refresh({ ...party.holds, key }))
  if (result.outcome === 'refused') return false
  party.holds = { ...party.holds, ...result.value }
  return true
}

/** Pauses a little longer than a window, or now and then briefly: then a used token is still repeated. */
function pauseBeforeTurn(client: Client): Promise<void> {
  const window = client.world.settings.replayWindowMilliseconds
  return client.random.percent(75) ? client.pause(1.02 * window, 1.2 * window) : client.pause(0, 300)
}
