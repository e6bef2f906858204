import { now } from '../history.ts'
import { newSession, newUser } from './begin.ts'
import { Client, type Session } from './client.ts'
import type { World } from './world.ts'

const MOST_REFRESHES = 60

/**
 * An owner whose tokens are copied, again and again: the newest or an older one, sometimes with the key of the attempt that
 * is under way, used at once or much later. Each theft is of a session and a user of its own.
 */
export async function theft(world: World, name: string, kind: Session['kind']): Promise<void> {
  for (let round = 0; !world.stopping; round++) await oneTheft(world, `${name} ${round}`, kind)
}

async function oneTheft(world: World, name: string, kind: Session['kind']): Promise<void> {
  const [owner, thief] = [new Client(world, name), new Client(world, `${name} thief`)]
  const began = await newSession(owner, await newUser(owner), kind)
  if (!began) return
  let newest = began
  const seen: { session: Session; key: string | null }[] = []
  const lives = { owner: true, thief: true }

  const own = async () => {
    for (let count = 0; lives.owner && count < MOST_REFRESHES && !world.stopping; count++) {
      const key = owner.random.percent(50) ? owner.random.name() : null
      seen.push({ session: newest, key })
      const result = await owner.retry(() => owner.refresh({ ...newest, key }))
      if (result.outcome === 'ok') newest = { ...newest, ...result.value }
      else lives.owner = false
      await pauseOf(owner)
    }
  }
  const steal = async () => {
    await thief.pause(0, thief.random.percent(50) ? 500 : 2 * world.settings.replayWindowMilliseconds)
    const stolen = thief.random.percent(60) ? seen.at(-1) : thief.random.pick(seen)
    if (!stolen) return
    let held = stolen.session
    let copiedKey = thief.random.percent(30) ? stolen.key : null
    for (let count = 0; lives.thief && count < MOST_REFRESHES && !world.stopping; count++) {
      await pauseOf(thief)
      const key = copiedKey ?? (thief.random.percent(50) ? thief.random.name() : null)
      const result = await thief.retry(() => thief.refresh({ ...held, key }))
      copiedKey = null
      if (result.outcome === 'ok') held = { ...held, ...result.value }
      else lives.thief = false
    }
  }
  const since = now()
  await Promise.all([own(), steal()])
  if (now() - since < 100) await owner.pause(100, 200)

  /** Quick, or longer than a window: a copy is used while its owner sleeps, or long after. */
  function pauseOf(client: Client): Promise<void> {
    const window = world.settings.replayWindowMilliseconds
    return client.random.percent(35) ? client.pause(window, 1.5 * window) : client.pause(0, 300)
  }
}
