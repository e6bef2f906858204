import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type BrowserContext, chromium } from 'playwright-core'
import sql from 'sql-template-tag'
import { noBrowser } from '../../server/test/support/browser.ts'
import { temporaryFolder } from '../../server/test/support/test-database.ts'
import { ADMIN } from '../../server/test/support/users.ts'
import { startGateway } from './support/gateway.ts'
import { bundle, openTab } from './support/tab.ts'

const kills = Number(process.env['CLIENT_KILLS'] ?? 2)

/** A browser with a profile on the disk. */
const start = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })

/** Ends the browser of a profile as a power cut does. */
function kill(profile: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let command = ''
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {} // it has ended meanwhile
    if (command.includes(`--user-data-dir=${profile}`) && !command.includes('--type='))
      process.kill(Number(pid), 'SIGKILL')
  }
}

for (const [mode, options] of Object.entries({ 'a cookie': '{}', localStorage: '{ cookie: false }' })) {
  test(`a browser that is killed between a refresh and its storing goes on at its next start, with ${mode}`, {
    skip: noBrowser || (process.platform !== 'linux' && 'it needs /proc'),
    timeout: 60_000 + kills * 30_000,
  }, async (t) => {
    const gateway = await startGateway({ REFRESH_TOKEN_ROTATION: 'strict' }, await bundle())
    const profile = temporaryFolder()
    const first = await start(profile)
    await (await openTab(first, gateway.url, options)).run(`return client.login(${JSON.stringify(ADMIN)})`)
    await first.close()
    for (let round = 0; round < kills; round++) {
      gateway.expireAccessTokens()
      const { promise, resolve } = Promise.withResolvers<void>()
      gateway.held = promise
      const arrived = gateway.refreshes() + 1
      const killed = await start(profile)
      const tab = await openTab(killed, gateway.url, options)
      const call = tab.run('return client.accessToken()').catch(() => 'killed')
      while (gateway.refreshes() < arrived) await new Promise(setImmediate)
      const used = sql`select id from refresh_tokens where generation = ${round} and used_at is not null`
      while ((await gateway.server.rows(used)).length === 0) await new Promise(setImmediate)
      kill(profile)
      assert.equal(await call, 'killed')
      gateway.held = Promise.resolve()
      resolve()
      gateway.expireAccessTokens()
      const next = await start(profile)
      const after = await openTab(next, gateway.url, options)
      assert.ok(await after.run('return client.accessToken()'), `kill ${round + 1}`)
      assert.equal(await after.run('return client.user.email'), ADMIN.email)
      await next.close()
    }
    const reuses = sql`select id from audit_events where kind = 'refresh_token_reused'`
    assert.deepEqual(await gateway.server.rows(reuses), [])
    t.diagnostic(`${kills} kills`)
  })
}
