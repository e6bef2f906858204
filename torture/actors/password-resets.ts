import { Client, type Session } from './client.ts'
import { keepRefreshing } from './other-sessions.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

const MAX_POLLS = 400

/**
 * A user who resets a forgotten password by the link of a mail, while thieves refresh the sessions. Afterwards each thief
 * tries the newest tokens once more, and the old password: nothing of an ended session may work.
 */
export async function passwordResets(world: World, name: string): Promise<void> {
  for (let round = 0; !world.stopping; round++) await oneUser(world, `${name} ${round}`)
}

async function oneUser(world: World, name: string): Promise<void> {
  const client = new Client(world, name)
  const user = await newUser(client)
  const sessions: Session[] = []
  for (const kind of ['login', client.random.pick(['login', 'cookie', 'pair'] as const)] as const) {
    const session = await newSession(client, user, kind)
    if (session) sessions.push(session)
  }
  const ending = { isOver: false }
  const refreshing = sessions.map((stolen, index) =>
    keepRefreshing(new Client(world, `${name} thief ${index}`), stolen, ending),
  )
  await client.retry(() => client.forgotPassword(user))
  const token = await linkTo(client, user.email)
  if (token !== null) await client.retry(() => client.resetPassword(user, token))
  ending.isOver = true
  await Promise.all(refreshing)
  if (token !== null) await client.retry(() => client.logIn(user, 'login'))
}

/** Waits for the mail; returns null when it does not come in time: the mail server may be away. */
async function linkTo(client: Client, email: string): Promise<string | null> {
  const { world } = client
  for (let polls = 0; polls < MAX_POLLS && !world.stopping; polls++) {
    const mails = world.inbox.filter(({ recipients }) => recipients.includes(email))
    const [token] = mails.flatMap(({ text }) => /reset\S*#token=([\w-]{54})/.exec(text ?? '')?.[1] ?? [])
    if (token !== undefined) return token
    await client.pause(50, 100)
  }
  return null
}
