import { Client, type Session } from './client.ts'
import type { Operator } from './operator.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

/**
 * A user with two sessions who ends one or all of them: by logging out, by deletion, or through an operator's command.
 * Then all tokens are tried again. What has ended must stay ended, and any other session must continue.
 */
export async function leaver(world: World, name: string, operator: Operator | null): Promise<void> {
  for (let round = 0; !world.stopping; round++) {
    const client = new Client(world, `${name} ${round}`)
    const user = await newUser(client)
    const sessions: Session[] = []
    for (const kind of ['login', client.random.pick(['login', 'pair'] as const)] as const) {
      const session = await newSession(client, user, kind)
      if (session) sessions.push(session)
    }
    for (let count = client.random.between(0, 8); count > 0; count--) await refreshAll(client, sessions)
    const [first] = sessions
    if (first) await leave(client, first, operator)
    for (let count = 0; count < 2; count++) {
      await refreshAll(client, sessions)
      for (const session of sessions) await client.me(session)
    }
    await client.retry(() => client.logIn(user, 'login'))
  }
}

async function refreshAll(client: Client, sessions: Session[]): Promise<void> {
  for (const session of sessions) {
    const key = client.random.name()
    const result = await client.retry(() => client.refresh({ ...session, key }))
    if (result.outcome === 'ok') Object.assign(session, result.value)
  }
}

async function leave(client: Client, session: Session, operator: Operator | null): Promise<void> {
  if (operator) return operator.endSessions(client, session.user)
  if (client.random.percent(60)) await client.retry(() => client.logOut(session))
  else await client.retry(() => client.delete(session))
}
