import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { launchBrowser, noBrowser } from '../../server/test/support/browser.ts'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'
import { seededRandom } from '../../torture/actors/random.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import { bundle, openTab, type Tab } from './support/tab.ts'

const skip = noBrowser
const browser = noBrowser ? null : await launchBrowser()
const TABS = 20
const MODES = { 'a cookie': '{}', localStorage: '{ cookie: false }' }
/** Nothing to agree with between tabs: the server alone keeps their session. */
const ALONE = 'delete Navigator.prototype.locks; delete window.BroadcastChannel'

const ME = `return outcome(client.fetch('/api/v1/auth/me').then(async (answer) => (await answer.json()).user?.email ?? answer.status))`
const STATE = 'return [client.session.status, client.user?.email ?? null]'
const logInAs = (email: string) => `return client.login({ email: '${email}', password: '${PASSWORD}' })`

async function openTabs(settings: Record<string, string>, options: string, before = '') {
  const gateway = await startGateway(settings, await bundle())
  const { email } = await signUp(gateway.server)
  assert.ok(browser)
  const profile = await browser.newContext()
  const tabs: Tab[] = []
  for (let tab = 0; tab < TABS; tab++) tabs.push(await openTab(profile, gateway.url, options, before))
  const [first] = tabs
  assert.ok(first)
  await first.run(logInAs(email))
  return { gateway, email, tabs, first, profile }
}

async function reuses({ server }: Gateway): Promise<number> {
  return (await server.rows(sql`select id from audit_events where kind = 'refresh_token_reused'`)).length
}

/** Waits until all tabs answer the same. */
async function untilAll(tabs: Tab[], code: string, expected: unknown): Promise<void> {
  for (const { run } of tabs) {
    while (JSON.stringify(await run(code)) !== JSON.stringify(expected)) await new Promise(setImmediate)
  }
}

for (const [mode, options] of Object.entries(MODES)) {
  test(`twenty tabs with ${mode} and nothing between them keep their session while answers are lost`, {
    skip,
  }, async () => {
    const { gateway, email, tabs } = await openTabs({}, options, ALONE)
    for (const tab of tabs) await tab.page.reload()
    const random = seededRandom(18)
    gateway.fault = (path) =>
      path.endsWith('/refresh') && random.percent(5) ? random.pick(['lost', 'refused'] as const) : undefined
    for (let round = 0; round < 5; round++) {
      gateway.expireAccessTokens()
      const answers = await Promise.all(tabs.map(({ run }) => run(ME)))
      for (const answer of answers) assert.ok(answer === email || answer === 'offline', String(answer))
      if (round === 2) for (const tab of tabs.slice(0, 5)) await tab.page.reload()
    }
    gateway.fault = () => undefined
    await Promise.all(
      tabs.map(async ({ run }) => {
        while ((await run(ME)) !== email) await new Promise(setImmediate)
      }),
    )
    assert.equal(await reuses(gateway), 0)
  })

  test(`a logout in one tab with ${mode} signs out all others, though all of them refresh`, { skip }, async () => {
    const { gateway, tabs, first, email } = await openTabs({}, options)
    await untilAll(tabs, ME, email)
    gateway.expireAccessTokens()
    const calls = tabs.slice(1).map(({ run }) => run(ME))
    assert.deepEqual(await first.run('return client.logout()'), { ended: true })
    await Promise.all(calls)
    await untilAll(tabs, STATE, ['signed_out', null])
    for (const { run } of tabs) assert.equal(await run('return client.accessToken()'), null)
    await tabs[1]?.page.reload()
    assert.equal(await tabs[1]?.run('return client.accessToken()'), null, 'and after a reload')
  })

  test(`a login as another user in one tab with ${mode} is that of all, and no request is repeated as the other`, {
    skip,
  }, async () => {
    const { gateway, tabs, first, email } = await openTabs({}, options)
    const other = await signUp(gateway.server)
    await untilAll(tabs, ME, email)
    gateway.expireAccessTokens()
    const posted = `return outcome(client.fetch('/api/v1/auth/me').then(async (answer) => {
      const seen = (await answer.json()).user?.email ?? null
      return [seen, client.user?.email ?? seen]
    }))`
    const calls = tabs.slice(1).map(({ run }) => run(posted))
    await first.run(logInAs(other.email))
    for (const answer of await Promise.all(calls)) {
      const isOne = Array.isArray(answer) && (answer[0] === null || [email, other.email].includes(answer[0]))
      assert.ok(isOne || answer === 'session_changed', JSON.stringify(answer))
    }
    await untilAll(tabs, STATE, ['signed_in', other.email])
    await untilAll(tabs, ME, other.email)
    assert.equal(await reuses(gateway), 0)
  })
}

test('a logout without a network keeps a cookie from signing the next user in, and is told at the next start', {
  skip,
}, async () => {
  const gateway = await startGateway({}, await bundle())
  const { email } = await signUp(gateway.server)
  const profile = await browser?.newContext()
  assert.ok(profile)
  const tab = await openTab(profile, gateway.url)
  await tab.run(logInAs(email))
  const before = gateway.refreshes()
  gateway.fault = () => 'refused'
  assert.deepEqual(await tab.run('return client.logout()'), { ended: false })
  await tab.page.reload()
  assert.equal(await tab.run('return client.accessToken()'), null)
  gateway.fault = () => undefined
  await tab.page.reload()
  assert.equal(await tab.run('return client.accessToken()'), null)
  while ((await profile.cookies()).some(({ name }) => name.endsWith('refresh'))) await tab.run('')
  assert.equal(gateway.refreshes(), before)
})
