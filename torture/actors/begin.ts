import type { Credentials } from '../../harness/api.ts'
import type { Client, Session } from './client.ts'

/** A new user. A sign-up whose answer was lost is refused when it is repeated: the user is there. */
export async function newUser(client: Client): Promise<Credentials> {
  const user = { email: `${client.random.name().toLowerCase()}@example.com`, password: client.random.name() }
  await client.retry(() => client.signUp(user))
  return user
}

/** A session of a user; null when they are not let in any more. */
export async function newSession(client: Client, user: Credentials, kind: Session['kind']): Promise<Session | null> {
  const loggedIn = await client.retry(() => client.logIn(user, kind === 'cookie' ? 'cookie' : 'login'))
  if (loggedIn.outcome === 'refused') return null
  if (kind !== 'pair') return loggedIn.value
  const issued = await client.retry(() => client.issue(loggedIn.value.user))
  return issued.outcome === 'ok' ? issued.value : null
}
