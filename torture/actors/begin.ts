import type { Credentials } from '../../harness/api.ts'
import type { Client, Session } from './client.ts'

/** A new person. A sign-up whose answer was lost is refused when it is repeated: the person is there. */
export async function newPerson(client: Client): Promise<Credentials> {
  const person = { email: `${client.random.name().toLowerCase()}@example.com`, password: client.random.name() }
  await client.insist(() => client.signUp(person))
  return person
}

/** A session of a person; null when they are not let in any more. */
export async function newSession(client: Client, person: Credentials, kind: Session['kind']): Promise<Session | null> {
  const loggedIn = await client.insist(() => client.logIn(person, kind === 'cookie' ? 'cookie' : 'login'))
  if (loggedIn.outcome === 'refused') return null
  if (kind !== 'pair') return loggedIn.value
  const issued = await client.insist(() => client.issue(loggedIn.value.person))
  return issued.outcome === 'ok' ? issued.value : null
}
