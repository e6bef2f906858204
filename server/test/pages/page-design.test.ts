import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import sql from 'sql-template-tag'
import { insertMail } from '../../src/storage/notice/outbox.ts'
import { accessibilityFindings } from '../support/accessibility.ts'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const skip = noBrowser
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 800 }

/** Starts a server with a mail in each language. */
async function startSite() {
  const server = await startServer({ MAIL_FROM: 'Acme <a@acme.example>', APP_URL: 'https://app.acme.example' })
  for (const language of ['en', 'ru']) {
    const { id: user_id } = await signUp(server)
    await server.rows(sql`update users set locale = ${language} where id = ${user_id} returning id`)
    const [at, network] = ['2026-11-20T10:00:00.000Z', '198.51.100.7']
    const addresses = { network, old_ip: '2001:db8:1234:5678:90ab:cdef:1234:5678', new_ip: network }
    const data = { session_id: '', ...addresses, user_agent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0', at }
    await insertMail(server.ctx.db, { user_id, kind: 'address_changed', data, dedupe_key: language }, new Date())
  }
  return server
}

const PATHS = ['/', '/docs', '/dev/mail', '/dev/mail/1', '/dev/mail/1/html', '/dev/mail/2/html', '/nothing']

async function* pagesIn(browser: Browser, server: TestServer, options: BrowserContextOptions) {
  const context = await browser.newContext(options)
  for (const path of PATHS) {
    const page = await context.newPage()
    await page.goto(server.url + path)
    if (path === '/docs') await openOperations(page)
    yield { page, path }
    await page.close()
  }
  await context.close()
}

/** Opens operations of each kind of the API page and every answer that they may get, and sends a login. */
async function openOperations(page: Page): Promise<void> {
  await page.locator('.opblock').first().waitFor()
  const kinds = ['Registration-deleteUser', 'Authentication-login', 'Token_pairs-refreshPair', 'OAuth-oauthToken']
  for (const kind of kinds) await page.locator(`#operations-${kind} .opblock-summary-control`).click()
  await page.locator('#operations-Authentication-login .execute').click()
  await page.locator('.live').waitFor()
  await page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true')
}

test('no page has a serious finding of axe-core, light on a desk and dark on a phone', { skip }, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  const looks = [
    { colorScheme: 'light', viewport: DESK },
    { colorScheme: 'dark', viewport: PHONE },
  ] as const
  for (const look of looks) {
    for await (const { page, path } of pagesIn(context.browser() as Browser, server, { ...look, bypassCSP: true })) {
      assert.deepEqual(await accessibilityFindings(page), [], `${path} ${look.colorScheme}`)
    }
  }
})

test('every page fits a phone, names its language, has one first heading and dark colours', { skip }, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  const options = { viewport: PHONE, colorScheme: 'dark' } as const
  for await (const { page, path } of pagesIn(context.browser() as Browser, server, options)) {
    const { width, lang, headings, background } = await page.evaluate<Record<string, unknown>>(`({
      width: document.documentElement.scrollWidth, lang: document.documentElement.lang,
      headings: document.querySelectorAll('h1').length, background: getComputedStyle(document.body).backgroundColor })`)
    assert.deepEqual([width, headings, background], [360, 1, 'rgb(28, 25, 23)'], path)
    assert.match(String(lang), path === '/dev/mail/2/html' ? /^ru$/ : /^en$/)
  }
})

test('on a phone, a finger hits the links of the bar, the buttons and the link of a mail', { skip }, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  for await (const { page, path } of pagesIn(context.browser() as Browser, server, { viewport: PHONE })) {
    for (const target of await page.locator('.bar a, .cards a, .mails a, .execute, td > a').all()) {
      assert.ok(((await target.boundingBox())?.height ?? 0) >= 44, `${path} ${await target.textContent()}`)
    }
  }
})

test('an operation of the API page is at most one and a half screens on a desk, two and a half on a phone', {
  skip,
}, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  const page = await context.newPage()
  await page.goto(`${server.url}/docs`)
  await page.locator('.opblock').first().waitFor()
  for (const summary of await page.locator('.opblock-summary-control').all()) await summary.dispatchEvent('click')
  for (const block of await page.locator('.opblock').all()) await block.locator('.responses-wrapper').waitFor()
  for (const { viewport, screens } of [
    { viewport: DESK, screens: 1.5 },
    { viewport: PHONE, screens: 2.5 },
  ]) {
    await page.setViewportSize(viewport)
    const heights: number[] = await page.evaluate(
      '[...document.querySelectorAll(".opblock")].map(({ offsetHeight }) => offsetHeight)',
    )
    assert.ok(heights.length >= 11)
    assert.ok(Math.max(...heights) <= screens * viewport.height, `${viewport.width}: ${heights}`)
  }
})

test('everything can be reached and seen with the keyboard alone', { skip }, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  const page = await context.newPage()
  for (const path of ['/', '/docs', '/dev/mail', '/dev/mail/1', '/nothing']) {
    await page.goto(server.url + path)
    if (path === '/docs') await page.locator('.opblock').first().waitFor()
    const all = 'a[href], button:not([hidden], [tabindex="-1"]), input, summary, textarea, select, iframe'
    const count = await page.locator(all).filter({ visible: true }).count()
    await page.evaluate('globalThis.reached = new Set()')
    for (let press = 0; press < count; press++) {
      await page.evaluate('globalThis.before = document.activeElement')
      await page.keyboard.press('Tab')
      // The sandboxed frame of a mail is a process of its own: the focus arrives there, and comes back, a moment later.
      await page.waitForFunction('![before, document.body].includes(document.activeElement)')
      const [element, outline]: string[] = await page.evaluate(`(({ activeElement }) => {
        reached.add(activeElement)
        return [activeElement.outerHTML.slice(0, 120), getComputedStyle(activeElement).outlineStyle]
      })(document)`)
      assert.ok(outline !== 'none' || element?.startsWith('<iframe'), `${path} ${element}`)
    }
    assert.equal(await page.evaluate('reached.size'), count, path)
  }
})
