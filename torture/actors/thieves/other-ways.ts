import type { SessionKind } from '../../../harness/api.ts'
import { Client, type Session } from '../client.ts'
import { newSession, newUser } from '../start.ts'
import type { World } from '../world.ts'

const MAX_REFRESHES = 12

const OTHER_WAYS: Record<SessionKind, readonly SessionKind[]> = {
  login: ['cookie', 'pair'],
  cookie: ['login', 'pair'],
  pair: ['login', 'cookie'],
}

/**
 * Owners, one after another, whose tokens a second client copies and sends in another way: a cookie's in a body, a body's
 * in a cookie, or either to the endpoint of the other kind. Used or not, such a copy is refused, and ends nothing: the owner
 * continues meanwhile.
 */
export async function otherWays(world: World, name: string): Promise<void> {
  for (let round = 0; !world.stopping; round++) {
    const owner = new Client(world, `${name} ${round}`)
    const session = await newSession(
      owner,
      await newUser(owner),
      owner.random.pick(['login', 'cookie', 'cookie', 'pair']),
    )
    if (!session) continue
    const seen = [session]
    const refreshing = refreshAsOwner(owner, session, seen)
    await Promise.all([refreshing, copy(new Client(world, `${name} ${round} copy`), seen, refreshing)])
  }
}

async function refreshAsOwner(owner: Client, session: Session, seen: Session[]): Promise<void> {
  let newest = session
  for (let count = 0; count < MAX_REFRESHES && !owner.world.stopping; count++) {
    await pauseBetweenRefreshes(owner, session.kind)
    const key = owner.random.name()
    const result = await owner.retry(() => owner.refresh({ ...newest, key }))
    if (result.outcome === 'refused') return
    newest = { ...newest, ...result.value }
    seen.push(newest)
    await owner.me(newest)
  }
}

/** Sends the newest token or an older one until the owner has finished. */
async function copy(client: Client, seen: readonly Session[], refreshing: Promise<void>): Promise<void> {
  let isFinished = false
  const finish = () => {
    isFinished = true
  }
  refreshing.then(finish, finish)
  while (!isFinished) {
    const copied = (client.random.percent(60) ? seen.at(-1) : client.random.pick(seen)) as Session
    const key = client.random.percent(50) ? client.random.name() : null
    await client.refresh({ ...copied, key, sentAs: client.random.pick(OTHER_WAYS[copied.kind]) })
    await client.pause(0, 300)
  }
}

/** Pauses briefly, or longer than a window: then a cookie's token is used up, and a used one is not repeated. */
function pauseBetweenRefreshes(client: Client, kind: SessionKind): Promise<void> {
  const { keptMilliseconds, replayWindowMilliseconds } = client.world.settings
  const window = kind === 'cookie' ? keptMilliseconds : replayWindowMilliseconds
  return client.random.percent(20) ? client.pause(window, 1.2 * window) : client.pause(0, 300)
}
