import { now } from '../../history.ts'
import { Client, type Session } from '../client.ts'
import { newSession, newUser } from '../start.ts'
import type { World } from '../world.ts'

const MAX_REFRESHES = 60

interface SeenToken {
  session: Session
  /** The key of the attempt that presented it. */
  key: string | null
}

/**
 * Thefts of an owner's tokens, one after another: of the newest or an older one, sometimes with the key of the current
 * attempt, used at once or much later. Each theft has its own user and session.
 */
export async function theft(world: World, name: string, kind: Session['kind']): Promise<void> {
  for (let round = 0; !world.stopping; round++) await oneTheft(world, `${name} ${round}`, kind)
}

async function oneTheft(world: World, name: string, kind: Session['kind']): Promise<void> {
  const [owner, thief] = [new Client(world, name), new Client(world, `${name} thief`)]
  const session = await newSession(owner, await newUser(owner), kind)
  if (!session) return
  const seen: SeenToken[] = []
  const startedAt = now()
  await Promise.all([refreshAsOwner(owner, session, seen), steal(thief, seen)])
  if (now() - startedAt < 100) await owner.pause(100, 200)
}

async function refreshAsOwner(owner: Client, session: Session, seen: SeenToken[]): Promise<void> {
  let newest = session
  for (let count = 0; count < MAX_REFRESHES && !owner.world.stopping; count++) {
    const key = owner.random.pick([owner.random.name(), null, newest.attempt ?? null])
    seen.push({ session: newest, key })
    const result = await owner.retry(() => owner.refresh({ ...newest, key }))
    await pauseBetweenRefreshes(owner, newest.kind)
    if (result.outcome === 'refused') return
    newest = { ...newest, ...result.value }
  }
}

async function steal(thief: Client, seen: readonly SeenToken[]): Promise<void> {
  const { replayWindowMilliseconds } = thief.world.settings
  await thief.pause(0, thief.random.percent(50) ? 500 : 2 * replayWindowMilliseconds)
  const stolen = thief.random.percent(60) ? seen.at(-1) : thief.random.pick(seen)
  if (!stolen) return
  // A copy of a cookie has its attempt; a thief may leave it out.
  let newest = thief.random.percent(50) ? stolen.session : { ...stolen.session, attempt: undefined }
  let copiedKey = thief.random.percent(30) ? stolen.key : null
  for (let count = 0; count < MAX_REFRESHES && !thief.world.stopping; count++) {
    await pauseBetweenRefreshes(thief, newest.kind)
    const key = copiedKey ?? (thief.random.percent(50) ? thief.random.name() : null)
    const result = await thief.retry(() => thief.refresh({ ...newest, key }))
    copiedKey = null
    if (result.outcome === 'refused') return
    newest = { ...newest, ...result.value }
  }
}

/** Pauses briefly, or longer than a window: then a copy is used while its owner is idle, or long after. */
function pauseBetweenRefreshes(client: Client, kind: Session['kind']): Promise<void> {
  const { keptMilliseconds, replayWindowMilliseconds } = client.world.settings
  const window = kind === 'cookie' ? keptMilliseconds : replayWindowMilliseconds
  return client.random.percent(35) ? client.pause(window, 1.5 * window) : client.pause(0, 300)
}
