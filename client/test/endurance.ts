import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { launchBrowser, noBrowser } from '../../server/test/support/browser.ts'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'
import { seededRandom } from '../../torture/actors/random.ts'
import { startGateway } from './support/gateway.ts'
import { bundle, freeze, openTab, separateTabs, type Tab } from './support/tab.ts'

// Real time, real tabs, beside the suite: `npm run torture:client` runs them for ten minutes.

const seconds = Number(process.env['CLIENT_SECONDS'] ?? 60)
const seed = Number(process.env['CLIENT_SEED'] ?? 18)
const modes = Object.entries({ localStorage: '{ cookie: false }', 'a cookie': '{}' }).filter(([mode]) =>
  mode.includes(process.env['CLIENT_MODE'] ?? ''),
)
const browser = noBrowser ? null : await launchBrowser()
const TABS = 20

/** Calls the API at random times, and counts what it sees. A tab stops when it sees another user, or none. */
const WORK = (email: string) => `
  window.seen = { calls: 0, offline: 0, wrong: [] }
  window.work = (async () => {
    while (!window.isDone) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000))
      const call = client.fetch('/api/v1/auth/me').then(async (answer) => (await answer.json()).user?.email ?? answer.status)
      const answer = await outcome(call)
      seen.calls += 1
      if (answer === 'offline') seen.offline += 1
      else if (answer !== '${email}') seen.wrong.push(answer)
    }
  })()`

for (const [mode, options] of modes) {
  test(`twenty tabs with ${mode} keep their session through cut answers and freezes`, {
    skip: noBrowser,
    timeout: seconds * 2000 + 100_000,
  }, async (t) => {
    const gateway = await startGateway({ JWT_ACCESS_TOKEN_EXPIRATION: '5' }, await bundle())
    const { email } = await signUp(gateway.server)
    assert.ok(browser)
    const profile = await browser.newContext()
    const tabs: Tab[] = []
    for (let tab = 0; tab < TABS; tab++) tabs.push(await openTab(profile, gateway.url, options))
    await tabs[0]?.run(`return client.login({ email: '${email}', password: '${PASSWORD}' })`)
    await separateTabs(profile)
    for (const { page } of tabs) await page.reload()
    const random = seededRandom(seed)
    let cut = 0
    gateway.fault = (path) => {
      if (!path.endsWith('/refresh') || !random.percent(5)) return undefined
      cut += 1
      return random.pick(['lost', 'lost', 'refused'] as const)
    }
    await Promise.all(tabs.map(({ run }) => run(WORK(email))))
    const end = Date.now() + seconds * 1000
    let freezes = 0
    while (Date.now() < end) {
      await freeze(browser, random, random.between(100, 9000))
      freezes += 1
    }
    gateway.fault = () => undefined
    const seen = (await Promise.all(tabs.map(({ run }) => run('window.isDone = true; await work; return seen')))) as {
      calls: number
      offline: number
      wrong: unknown[]
    }[]
    const sum = (value: (one: (typeof seen)[number]) => number) => seen.reduce((total, one) => total + value(one), 0)
    const [row] = await gateway.server.rows<{ generation: number; reuses: number }>(
      sql`select max(generation) as generation, (select count(*) from audit_events where kind = 'refresh_token_reused') as reuses from refresh_tokens`,
    )
    t.diagnostic(
      `${seconds} s, --seed ${seed}: ${sum(({ calls }) => calls)} calls, ${gateway.refreshes()} refreshes, ${cut} cut, ` +
        `${freezes} freezes, ${sum(({ offline }) => offline)} calls without a verdict, generation ${row?.generation}, ` +
        `${sum(({ wrong }) => wrong.length)} wrong answers, ${row?.reuses} reuses`,
    )
    assert.deepEqual(
      seen.flatMap(({ wrong }) => wrong),
      [],
    )
    assert.equal(Number(row?.reuses), 0)
    for (const { run } of tabs) assert.equal(await run('return client.session.status'), 'signed_in')
    await profile.close()
  })
}
