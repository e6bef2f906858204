import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launchBrowser, noBrowser } from '../support/browser.ts'
import { ADMIN, me, PASSWORD, signUp } from '../support/users.ts'
import { openTab, servePage } from './client-page.ts'
import { printed } from './recipe.ts'
import { FAULTS, type Stage, startStage } from './stage.ts'

const skip = noBrowser
const browser = skip ? null : await launchBrowser()
const FILES = ['session.ts', 'request.ts', 'main.ts']

/** Starts a server and a page of the printed files; `open` opens it in a new tab of one browser. */
async function startPage(settings: Record<string, string> = {}) {
  const stage = await startStage(settings)
  const { email } = await signUp(stage.server)
  const files = Object.fromEntries(
    FILES.map((name) => [name, printed('clients.md', name).replaceAll('http://localhost:3000', stage.auth)]),
  )
  const entry = "export * from './session'\nexport const main = () => import('./main')"
  const address = await servePage({ ...files, 'entry.ts': entry })
  assert.ok(browser)
  const profile = await browser.newContext()
  return { stage, email, open: () => openTab(profile, address) }
}

const TOKEN = 'return client.accessToken()'
/** How much waits for a Web Lock. */
const WAITING = 'navigator.locks.query().then(({ pending }) => pending.length)'
const LOGOUT = 'return client.logout()'
const logInAs = (email: string, password = PASSWORD) => `return (await client.login('${email}', '${password}')).email`

async function emailOf({ server }: Stage, token: unknown): Promise<string> {
  return (await me(server, String(token))).body.user?.email
}

for (const mode of ['on', 'off']) {
  test(`with COOKIE_MODE=${mode}, the page signs in, survives a reload, and signs out`, { skip }, async () => {
    const { stage, email, open } = await startPage({ COOKIE_MODE: mode })
    const tab = await open()
    assert.equal(await tab.run(TOKEN), null, 'signed out at first')
    await assert.rejects(tab.run(logInAs(email, 'wrong')), /Invalid email or password/)
    assert.equal(await tab.run(logInAs(email)), email)
    await tab.page.reload()
    assert.equal(await emailOf(stage, await tab.run(TOKEN)), email, 'after a reload')
    await tab.run(LOGOUT)
    assert.equal(await tab.run(TOKEN), null)
    await tab.page.reload()
    assert.equal(await tab.run(TOKEN), null, 'and after a reload')
    await tab.run(LOGOUT)

    await tab.run('return client.main()')
    assert.equal(await tab.page.title(), ADMIN.email, 'the example of a page')
  })
}

test('the page keeps its session through a lost answer and an outage, and a logout that fails says so', {
  skip,
}, async () => {
  const { stage, email, open } = await startPage()
  const tab = await open()
  await tab.run(logInAs(email))
  stage.expireAccessTokens()
  await tab.page.reload()
  stage.fault.next = 'lost'
  const token = await tab.run(TOKEN)
  assert.equal(await emailOf(stage, token), email, 'a lost answer is asked for again at once')
  assert.equal(stage.refreshes.length, 2)

  stage.expireAccessTokens()
  for (const fault of FAULTS) {
    stage.fault.each = fault
    await assert.rejects(tab.run(`return client.accessToken('${token}')`), fault)
    await tab.page.reload()
    await assert.rejects(tab.run(TOKEN), fault)
  }
  stage.fault.each = 'unavailable'
  await assert.rejects(tab.run(LOGOUT), /still signed in/)
  stage.fault = {}
  assert.equal(await emailOf(stage, await tab.run(TOKEN)), email)
})

test('tabs refresh at once, and notice a logout and a login of another user in each other', { skip }, async () => {
  const { stage, email, open } = await startPage()
  const other = await signUp(stage.server)
  const tabs = [await open(), await open(), await open()] as const
  const [first, second] = tabs
  await first.run(logInAs(email))
  const old = await second.run(TOKEN)
  for (let round = 0; round < 3; round += 1) {
    stage.expireAccessTokens()
    const tokens = await Promise.all(
      tabs.map(({ run }) => run(`return client.accessToken(await client.accessToken())`)),
    )
    for (const token of tokens) assert.equal(await emailOf(stage, token), email)
  }
  await first.run(LOGOUT)
  while ((await second.run(TOKEN)) !== null) await new Promise(setImmediate) // until the message of the first arrives
  await first.run(logInAs(other.email))
  while ((await second.run(TOKEN)) === null) await new Promise(setImmediate)
  assert.equal(await emailOf(stage, await second.run(TOKEN)), other.email)
  assert.equal(await second.run(`return client.accessToken('${old}')`), null, 'no request is repeated as another user')
})

test('a login waits for the refresh of another tab, whose late cookie would replace its own', { skip }, async () => {
  const { stage, email, open } = await startPage()
  const other = await signUp(stage.server)
  const [first, second] = [await open(), await open()]
  await first.run(logInAs(email))
  stage.expireAccessTokens()
  await second.page.reload()
  const { promise, resolve } = Promise.withResolvers<void>()
  stage.held = promise
  const arrived = stage.refreshes.length + 1
  const late = second.run(TOKEN)
  while (stage.refreshes.length < arrived) await new Promise(setImmediate)
  let isLoggedIn = false
  const login = first.run(logInAs(other.email)).finally(() => (isLoggedIn = true))
  while (!isLoggedIn && (await first.page.evaluate(WAITING)) === 0) await new Promise(setImmediate)
  resolve()
  await Promise.all([late, login])
  await first.page.reload()
  assert.equal(await emailOf(stage, await first.run(TOKEN)), other.email)
})
