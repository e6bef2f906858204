import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { type BrowserContext, chromium } from 'playwright-core'
import sql from 'sql-template-tag'
import { noBrowser } from '../../server/test/support/browser.ts'
import { temporaryFolder } from '../../server/test/support/test-database.ts'
import { ADMIN } from '../../server/test/support/users.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import { bundle, openTab } from './support/tab.ts'

/** The suite kills a browser once and a program once at each point; `npm run torture:kills` kills each two hundred times. */
const kills = Number(process.env['CLIENT_KILLS'] ?? 1)

const noReuse = async ({ server }: Gateway): Promise<void> =>
  assert.deepEqual(await server.rows(sql`select id from audit_events where kind = 'refresh_token_reused'`), [])

/** Holds the answers to refreshes. Returns a function that lets them go. */
function hold(gateway: Gateway): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  gateway.held = promise
  return () => {
    gateway.held = Promise.resolve()
    resolve()
  }
}

/** How many refresh tokens the server has used. */
async function used({ server }: Gateway): Promise<number> {
  const newest = sql`select max(generation) as generation from refresh_tokens group by session_id`
  const rows = await server.rows<{ generation: number }>(newest)
  return rows.reduce((sum, { generation }) => sum + Number(generation), 0)
}

/** Waits until the server has used so many. */
async function untilUsed(gateway: Gateway, count: number): Promise<void> {
  while ((await used(gateway)) < count) await new Promise(setImmediate)
}

const POINTS = ['before the server has it', 'while the answer is on its way', 'storing', 'stored'] as const

test('a program that is killed at any point of a refresh goes on at its next start', {
  timeout: 180_000 + kills * 30_000,
}, async (t) => {
  const gateway = await startGateway({ REFRESH_TOKEN_ROTATION: 'strict' })
  const file = join(temporaryFolder(), 'session.json')
  const start = (point: string): ChildProcess =>
    spawn(process.execPath, [join(import.meta.dirname, 'support/program.ts'), gateway.url, file, point], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const run = async () => (await text(start('').stdout ?? assert.fail())).trim()
  assert.equal(await run(), ADMIN.email)
  const total = Math.max(kills, POINTS.length)
  for (let round = 0; round < total; round++) {
    const point = POINTS[round % POINTS.length] ?? assert.fail()
    gateway.expireAccessTokens()
    const release = point.startsWith('while') ? hold(gateway) : () => {}
    if (point.startsWith('before')) gateway.fault = () => 'stalled'
    const arrived = gateway.refreshes() + 1
    const before = await used(gateway)
    const child = start(point)
    if (point.startsWith('stor')) await once(child.stdout ?? assert.fail(), 'data')
    while (gateway.refreshes() < arrived) await new Promise(setImmediate)
    if (!point.startsWith('before')) await untilUsed(gateway, before + 1)
    child.kill('SIGKILL')
    await once(child, 'exit')
    gateway.fault = () => undefined
    release()
    gateway.expireAccessTokens()
    assert.equal(await run(), ADMIN.email, `kill ${round + 1}, ${point}`)
  }
  await noReuse(gateway)
  t.diagnostic(`${total} kills`)
})

/** A browser with a profile on the disk. */
const startBrowser = (profile: string): Promise<BrowserContext> =>
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

/** The page has a client with a cookie, and another one with `localStorage`. */
const BOTH = 'const clients = window.both ??= [client, createClient({ url: location.origin, cookie: false })]'
const inBoth = (call: string) => `${BOTH}; return Promise.all(clients.map(async (client) => ${call}))`

test('a browser that is killed between a refresh and its storing goes on, with a cookie and with localStorage', {
  skip: noBrowser || (process.platform !== 'linux' && 'it needs /proc'),
  timeout: 180_000 + kills * 60_000,
}, async (t) => {
  const gateway = await startGateway({ REFRESH_TOKEN_ROTATION: 'strict' }, await bundle())
  const profile = temporaryFolder()
  const first = await startBrowser(profile)
  await (await openTab(first, gateway.url)).run(inBoth(`client.login(${JSON.stringify(ADMIN)})`))
  await first.close() // only then everything is on the disk
  for (let round = 0; round < kills; round++) {
    gateway.expireAccessTokens()
    const release = hold(gateway)
    const before = await used(gateway)
    const tab = await openTab(await startBrowser(profile), gateway.url)
    const call = tab.run(inBoth('client.accessToken()')).catch(() => 'killed')
    await untilUsed(gateway, before + 2)
    kill(profile)
    assert.equal(await call, 'killed')
    release()
    gateway.expireAccessTokens()
    const next = await startBrowser(profile)
    const users = inBoth('(await client.accessToken()) && client.user.email')
    assert.deepEqual(
      await (await openTab(next, gateway.url)).run(users),
      [ADMIN.email, ADMIN.email],
      `kill ${round + 1}`,
    )
    await next.close()
  }
  await noReuse(gateway)
  t.diagnostic(`${kills} kills`)
})
