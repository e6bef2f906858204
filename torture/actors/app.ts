import { Client, type Session } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

export interface AppOptions {
  kind: 'login' | 'pair'
  /** The `Idempotency-Key`: the server's attempt, one for each refresh and its repetitions, the same for all, or none. */
  keys: 'attempt' | 'fresh' | 'constant' | 'none'
  /** Whether the app never stores a successor, like a client that was written for the JWT API's original text. */
  keepsFirstToken?: boolean
}

/** An app on one device: it refreshes, stores the new tokens, and repeats calls that were not answered. */
export async function app(world: World, name: string, options: AppOptions): Promise<void> {
  const client = new Client(world, name)
  const user = await newUser(client)
  const constantKey = client.random.of('constant key').name()
  const refresh = (current: Session) => refreshed(client, current, options, constantKey)
  let session = await newSession(client, user, options.kind)
  while (!world.stopping && session) {
    await client.pause(0, 60)
    if (client.random.percent(2)) client.address = client.newAddress()
    session = (await refresh(session)) ?? (await newSession(client, user, options.kind))
    if (session && client.random.percent(5)) await client.me(session)
    if (session && options.kind === 'pair' && client.random.percent(3)) await sendMixedHalves(client, session)
  }
  await world.healed
  if (session) await refresh(session)
  await newSession(client, user, 'login')
}

/** Refreshes a session; returns null when it has ended. */
async function refreshed(
  client: Client,
  session: Session,
  { keys, keepsFirstToken = false }: AppOptions,
  constantKey: string,
): Promise<Session | null> {
  const attempt = () => session.attempt ?? null
  const key = { attempt, fresh: () => client.random.name(), constant: () => constantKey, none: () => null }[keys]()
  const result = await client.retry(() => client.refresh({ ...session, key }))
  if (result.outcome === 'refused') return null
  return keepsFirstToken ? { ...session, access_token: result.value.access_token } : { ...session, ...result.value }
}

/** Sends the access token of another pair with this one's refresh token. It is refused, and both pairs stay valid. */
async function sendMixedHalves(client: Client, session: Session): Promise<void> {
  const other = await client.retry(() => client.issue(session.user))
  if (other.outcome === 'ok') await client.refresh({ ...session, key: null, mixedWith: other.value.access_token })
}
