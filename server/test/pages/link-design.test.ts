import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { accessibilityFindings } from '../support/accessibility.ts'
import { launchBrowser, noBrowser } from '../support/browser.ts'
import type { TestServer } from '../support/server.ts'
import {
  askForChange,
  askForProof,
  askForReset,
  changeAddress,
  linkIn,
  signInElsewhere,
  signUpReader,
  startSite,
} from './every-mail.ts'
import { answered, numberOf, signInHere } from './link-visit.ts'

const skip = noBrowser
const MAILS = [askForReset, askForProof, askForChange, changeAddress, signInElsewhere]

const NEED_SESSION: readonly unknown[] = [askForProof, askForChange]

/** Gives the link of each mail, a profile of its own, and a way to sign in where the page needs it. */
async function* visits(browser: Browser, server: TestServer, options: BrowserContextOptions & { language: string }) {
  const { language, ...look } = options
  for (const ask of MAILS) {
    const reader = await signUpReader(server, language)
    const link = linkIn(await ask(server, reader))
    const context = await browser.newContext(look)
    const page = await context.newPage()
    const signIn = async () => (NEED_SESSION.includes(ask) ? signInHere(page, server, reader) : undefined)
    yield { page, link, signIn }
    await context.close()
  }
}

/** Fills in what the page asks for. */
async function fillIn(page: Page): Promise<void> {
  if (await page.locator('#password').isVisible()) await page.locator('#password').fill('a quite different one')
  if (await page.locator('#number').isVisible()) await page.locator('#number').fill(await numberOf(page))
}

for (const [language, colorScheme, title] of [
  ['en', 'light', /^[A-Z][a-z -]+ – Acme$/],
  ['ru', 'dark', /^[А-Я][а-я -]+ – Acme$/],
] as const) {
  test(`each page in each state fits a phone and has no serious finding of axe-core, ${language}, ${colorScheme}`, {
    skip,
  }, async () => {
    const [server, browser] = [await startSite(), await launchBrowser()]
    const look = { language, colorScheme, viewport: { width: 360, height: 740 }, bypassCSP: true }
    for await (const { page, link, signIn } of visits(browser, server, look)) {
      const check = async (state: string) => {
        assert.deepEqual(await accessibilityFindings(page), [], `${link} ${state}`)
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, `${link} ${state}`)
        for (const target of await page.locator('button, .button, .check, [type=text]').all()) {
          if (!(await target.isVisible()) || (await target.getAttribute('class')) === 'unseen') continue
          assert.ok(((await target.boundingBox())?.height ?? 0) >= 44, `${link} ${state}`)
        }
      }
      await page.goto(link.replace(/#.*/, ''))
      await check('without its link')
      await page.locator('form button').click()
      await check('link missing')
      await page.goto('about:blank')
      await page.goto(link)
      assert.equal(await page.evaluate('document.documentElement.lang'), language)
      assert.match(await page.title(), title)
      await check('asking')
      await page.locator('form button').click()
      await answered(page)
      assert.notEqual(await page.locator('#problem').textContent(), '')
      await check('problem')
      await signIn()
      await page.goto('about:blank')
      await page.goto(link)
      await fillIn(page)
      await page.locator('form button').click()
      await page.locator('#done').waitFor()
      await check('done')
    }
  })
}

test('each page is used with the keyboard alone, and its policy is never violated', { skip }, async () => {
  const [server, browser] = [await startSite(), await launchBrowser()]
  for await (const { page, link, signIn } of visits(browser, server, { language: 'en' })) {
    const violations: string[] = []
    await page.exposeFunction('violated', (directive: string) => violations.push(directive))
    await page.addInitScript(
      'addEventListener("securitypolicyviolation", ({ violatedDirective }) => violated(violatedDirective))',
    )
    page.on('pageerror', (error) => violations.push(error.message))
    await signIn()
    await page.goto(link)
    const focus = () => page.evaluate<string>('document.activeElement.id || document.activeElement.tagName')
    for (let at = ''; at !== 'BUTTON'; ) {
      await page.keyboard.press('Tab')
      at = await focus()
      assert.notEqual(at, 'BODY', link)
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      assert.notEqual(outline, 'none', `${link} ${at}`)
      if (at === 'password') await page.keyboard.type('a quite different one')
      if (at === 'number') await page.keyboard.type(await numberOf(page))
    }
    await page.keyboard.press('Enter')
    await page.locator('#done').waitFor()
    assert.equal(await focus(), 'done')
    assert.deepEqual(violations, [])
  }
})
