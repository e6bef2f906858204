import { Client, type Session } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

const MAX_OTHERS = 4

/**
 * A user with several sessions who ends the others from one of them, one by one or together, or all of them with it, while
 * their clients refresh. Afterwards each client tries its newest tokens once more: nothing of an ended session may work, and
 * the session that ended the others continues.
 */
export async function otherSessions(world: World, name: string): Promise<void> {
  for (let round = 0; !world.stopping; round++) await oneUser(world, `${name} ${round}`)
}

async function oneUser(world: World, name: string): Promise<void> {
  const client = new Client(world, name)
  const user = await newUser(client)
  let own = await newSession(client, user, client.random.pick(['login', 'cookie']))
  const others: Session[] = []
  for (let count = Math.ceil(client.random.between(1, MAX_OTHERS)); count > 0; count--) {
    const other = await newSession(client, user, client.random.pick(['login', 'cookie', 'pair']))
    if (other) others.push(other)
  }
  if (!own || others.length === 0) return
  const ending = { isOver: false }
  const refreshing = others.map((other, index) => keepRefreshing(new Client(world, `${name} ${index}`), other, ending))
  await client.pause(0, 400)
  own = await refreshed(client, own)
  await end(client, own, others)
  ending.isOver = true
  await Promise.all(refreshing)
  own = await refreshed(client, own)
  await client.me(own)
}

/** Ends the other sessions, in one of the ways that a user has. */
async function end(client: Client, own: Session, others: readonly Session[]): Promise<void> {
  const scope = client.random.pick(['others', 'others', 'all'] as const)
  if (client.random.percent(40)) {
    await Promise.all(others.map((other) => client.retry(() => client.endSession(own, other))))
  } else if (client.random.percent(50)) await client.retry(() => client.endSessions(own, scope))
  else await client.retry(() => client.logOutWith(own, scope))
}

/** Refreshes until the session has ended, and once more after its user was told that it has. */
export async function keepRefreshing(
  client: Client,
  session: Session,
  ending: { readonly isOver: boolean },
): Promise<void> {
  let newest = session
  for (let isLast = false; !isLast; ) {
    isLast = ending.isOver
    newest = await refreshed(client, newest)
    await client.me(newest)
    await client.pause(0, 40)
  }
}

/** Refreshes a session once; returns it as it was when it has ended. */
async function refreshed(client: Client, session: Session): Promise<Session> {
  const key = client.random.name()
  const result = await client.retry(() => client.refresh({ ...session, key }))
  return result.outcome === 'ok' ? { ...session, ...result.value } : session
}
