import { Client, type Session } from './client.ts'
import { newSession, newUser } from './start.ts'
import type { World } from './world.ts'

/**
 * Browsers that log in again while they have a cookie, one after another. A login that gets a cookie ends the session of the
 * cookie that came along, also for a thief with a copy of its token. Three logins end none: one that is refused, one whose
 * token comes in a body, and one whose cookie has the token of a body.
 */
export async function secondLogins(world: World, name: string): Promise<void> {
  for (let round = 0; !world.stopping; round++) await oneBrowser(world, `${name} ${round}`)
}

async function oneBrowser(world: World, name: string): Promise<void> {
  const [browser, thief] = [new Client(world, name), new Client(world, `${name} thief`)]
  const user = await newUser(browser)
  const first = await newSession(browser, user, browser.random.percent(80) ? 'cookie' : 'login')
  if (!first) return
  const older = await refreshed(browser, first)
  await pauseBetweenRefreshes(browser)
  let newest = await refreshed(browser, older)
  if (browser.random.percent(30)) {
    const unknown = { ...user, email: `not-${user.email}` }
    await browser.retry(() => browser.logIn(unknown, 'cookie', newest))
    newest = await refreshed(browser, newest)
  }
  const nextUser = browser.random.percent(30) ? await newUser(browser) : user
  const kind = browser.random.percent(80) ? 'cookie' : 'login'
  const isReplaced = first.kind === 'cookie' && kind === 'cookie'
  const [second] = await Promise.all([
    newSession(browser, nextUser, kind, browser.random.pick([older, newest])),
    isReplaced && refreshed(thief, newest),
  ])
  await refreshed(isReplaced ? thief : browser, newest)
  await browser.me(newest)
  if (isReplaced) await refreshed(thief, older)
  if (second) await refreshed(browser, second)
}

/** Refreshes a session once; returns it as it was when it has ended. */
async function refreshed(client: Client, session: Session): Promise<Session> {
  const key = client.random.name()
  const result = await client.retry(() => client.refresh({ ...session, key }))
  return result.outcome === 'ok' ? { ...session, ...result.value } : session
}

/** Pauses briefly, or longer than a cookie is kept: then it gets a successor. */
function pauseBetweenRefreshes(client: Client): Promise<void> {
  const kept = client.world.settings.keptMilliseconds
  return client.random.percent(30) ? client.pause(kept, 1.1 * kept) : client.pause(0, 300)
}
