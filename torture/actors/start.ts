import type { Credentials } from '../../harness/api.ts'
import type { Client, Session } from './client.ts'

/** Signs up a new user. A sign-up that is repeated because its answer was lost is refused: the user exists. */
export async function newUser(client: Client): Promise<Credentials> {
  const user = { email: `${client.random.name().toLowerCase()}@example.com`, password: client.random.name() }
  await client.retry(() => client.signUp(user))
  return user
}

/**
 * Opens a session; returns null when the user cannot log in any more.
 *
 * @param cookie the session whose token is in the cookie that a browser sends along
 */
export async function newSession(
  client: Client,
  user: Credentials,
  kind: Session['kind'],
  cookie: Session | null = null,
): Promise<Session | null> {
  const login = await client.retry(() => client.logIn(user, kind === 'cookie' ? 'cookie' : 'login', cookie))
  if (login.outcome === 'refused') return null
  if (kind !== 'pair') return login.value
  const issued = await client.retry(() => client.issue(login.value.user))
  return issued.outcome === 'ok' ? issued.value : null
}
