import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { launchBrowser, noBrowser } from '../../server/test/support/browser.ts'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'
import { seededRandom } from '../../torture/actors/random.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import { bundle, freeze, openTab, separateTabs, type Tab } from './support/tab.ts'

const skip = noBrowser
// Tabs share processes, as many tabs of one site do: a process each would be most of the work.
const browser = noBrowser ? null : await launchBrowser(['--renderer-process-limit=3'])
const script = await bundle()
const TABS = Number(process.env['CLIENT_TABS'] ?? 8)
const MODES = { 'a cookie': '', localStorage: 'cookie: false' }
/** Gives nothing up, on a busy machine either. */
const PATIENT = 'fetch: (input, init) => fetch(input, { ...init, signal: null })'

const ME = `return outcome(client.fetch('/api/v1/auth/me').then(async (answer) => (await answer.json()).user?.email ?? answer.status))`
const STATE = 'return [client.session.status, client.user?.email ?? null]'
const logInAs = (email: string) => `return client.login({ email: '${email}', password: '${PASSWORD}' })`

async function openTabs(options: string) {
  const gateway = await startGateway({}, script)
  const { email } = await signUp(gateway.server)
  assert.ok(browser)
  const profile = await browser.newContext()
  const first = await openTab(profile, gateway.url, `{ ${options}, ${PATIENT} }`.replace('{ ,', '{'))
  const others: Tab[] = []
  while (others.length < TABS - 1) others.push(await openTab(profile, gateway.url, `{ ${options} }`))
  await first.run(logInAs(email))
  return { gateway, email, first, others, tabs: [first, ...others], profile }
}

async function reuses({ server }: Gateway): Promise<number> {
  return (await server.rows(sql`select id from audit_events where kind = 'refresh_token_reused'`)).length
}

/** Waits until all tabs answer the same. */
async function untilAll(tabs: Tab[], code: string, expected: unknown): Promise<void> {
  await Promise.all(
    tabs.map(async ({ run }) => {
      while (JSON.stringify(await run(code)) !== JSON.stringify(expected)) await new Promise(setImmediate)
    }),
  )
}

for (const [mode, options] of Object.entries(MODES))
  test(`tabs with ${mode}`, { skip }, async (t) => {
    const { gateway, email, first, others, tabs, profile } = await openTabs(options)
    const other = await signUp(gateway.server)

    await t.test(
      'are those of another user after a login in one, and none repeats a request as the other',
      async () => {
        await untilAll(tabs, ME, email)
        gateway.expireAccessTokens()
        const posted = `return outcome(client.fetch('/api/v1/auth/me').then(async (answer) => {
        const seen = (await answer.json()).user?.email ?? null
        return [seen, client.user?.email ?? seen]
      }))`
        const calls = others.map(({ run }) => run(posted))
        await first.run(logInAs(other.email))
        for (const answer of await Promise.all(calls)) {
          const isOne = Array.isArray(answer) && (answer[0] === null || [email, other.email].includes(answer[0]))
          assert.ok(isOne || answer === 'session_changed' || answer === 'offline', JSON.stringify(answer))
        }
        await untilAll(tabs, STATE, ['signed_in', other.email])
        await untilAll(tabs, ME, other.email)
      },
    )

    await t.test('are signed out by a logout in one, though all others refresh', async () => {
      gateway.expireAccessTokens()
      const calls = others.map(({ run }) => run(ME))
      assert.deepEqual(await first.run('return client.logout()'), { ended: true })
      await Promise.all(calls)
      await untilAll(tabs, STATE, ['signed_out', null])
      for (const { run } of tabs) assert.equal(await run('return client.accessToken()'), null)
      await others[0]?.page.reload()
      assert.equal(await others[0]?.run('return client.accessToken()'), null, 'and after a reload')
    })

    await t.test(
      'keep their session with nothing between them, while answers are lost and tabs are frozen',
      async () => {
        await first.run(logInAs(email))
        await separateTabs(profile)
        await Promise.all(tabs.map(({ page }) => page.reload()))
        const random = seededRandom(18)
        gateway.fault = (path) =>
          path.endsWith('/refresh') && random.percent(15) ? random.pick(['lost', 'refused'] as const) : undefined
        for (let round = 0; round < 5; round++) {
          await gateway.settled()
          gateway.expireAccessTokens()
          const frozen = freeze(browser ?? assert.fail(), random, random.between(10, 300))
          for (const answer of await Promise.all(tabs.map(({ run }) => run(ME))))
            assert.ok(answer === email || answer === 'offline', String(answer))
          await frozen
          if (round === 2) await Promise.all(tabs.slice(0, 5).map(({ page }) => page.reload()))
        }
        gateway.fault = () => undefined
        await untilAll(tabs, ME, email)
      },
    )

    assert.equal(await reuses(gateway), 0)
    await profile.close()
  })

test('a logout without a network keeps a cookie from signing the next user in, and is told at the next start', {
  skip,
}, async () => {
  const gateway = await startGateway({}, script)
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
  assert.equal(gateway.refreshes(), before)
  gateway.fault = () => undefined
  await tab.page.reload()
  assert.equal(await tab.run('return client.accessToken()'), null)
  while ((await profile.cookies()).some(({ name }) => name.endsWith('refresh'))) await tab.run('')
})

test('a page that is opened asks nothing before its first call', { skip }, async () => {
  const page = `<!doctype html><script type="module">
    import { createClient } from '/client.js'
    window.client = createClient({ url: location.origin })
    addEventListener('pageshow', () => { window.isShown = true })
  </script>`
  const gateway = await startGateway({}, script, page)
  const tab = await openTab((await browser?.newContext()) ?? assert.fail(), gateway.url)
  while (!(await tab.run('return window.isShown'))) await new Promise(setImmediate)
  await tab.run(`return client.fetch('/api/v1/auth/me', { headers: { authorization: 'none' } })`)
  assert.equal(gateway.refreshes(), 0)
})
