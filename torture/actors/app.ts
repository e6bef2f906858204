import { newSession, newUser } from './begin.ts'
import { Client, type Session } from './client.ts'
import type { World } from './world.ts'

export interface Habits {
  kind: 'login' | 'pair'
  /** Whether each refresh and its repetitions have an `Idempotency-Key`. */
  keyed: boolean
  /** Keeps its first refresh token, as clients of the JWT document do. */
  naive?: boolean
}

/** An app on one device: refreshes, keeps what it gets, and repeats what was not answered. */
export async function app(world: World, name: string, { kind, keyed, naive = false }: Habits): Promise<void> {
  const client = new Client(world, name)
  const user = await newUser(client)
  let session = await newSession(client, user, kind)
  while (!world.stopping && session) {
    await client.pause(0, 60)
    if (client.random.percent(2)) client.address = client.newAddress()
    session = (await refreshed(client, session, keyed, naive)) ?? (await newSession(client, user, kind))
    if (session && client.random.percent(5)) await client.me(session)
    if (session && kind === 'pair' && client.random.percent(3)) await sendMixedHalves(client, session)
  }
  await world.healed
  if (session) await refreshed(client, session, keyed, naive)
  await newSession(client, user, 'login')
}

/** The session after a refresh; null when it is over. */
async function refreshed(client: Client, session: Session, keyed: boolean, naive: boolean): Promise<Session | null> {
  const key = keyed ? client.random.name() : null
  const result = await client.retry(() => client.refresh({ ...session, key }))
  if (result.outcome === 'refused') return null
  return naive ? { ...session, access_token: result.value.access_token } : { ...session, ...result.value }
}

/** The access token of another pair with our refresh token: refused, and both pairs go on. */
async function sendMixedHalves(client: Client, session: Session): Promise<void> {
  const other = await client.retry(() => client.issue(session.user))
  if (other.outcome === 'ok') await client.refresh({ ...session, key: null, mixedWith: other.value.access_token })
}
