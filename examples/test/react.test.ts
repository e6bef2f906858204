import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { accessibilityFindings } from '../../server/test/support/accessibility.ts'
import { noBrowser, openBrowser } from '../../server/test/support/browser.ts'
import { startServer } from '../../server/test/support/server.ts'
import { logIn, PASSWORD, signUp } from '../../server/test/support/users.ts'
import { build, notInstalled, outputFolder, start } from './example.ts'

const skip = noBrowser || notInstalled
const SHOTS = process.env['SCREENSHOTS'] // a folder, to look at the page

/** The application as a web server would have it, in front of a server of its own. */
async function startApplication() {
  const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1,::1' })
  const environment = { TESSERA_URL: server.url }
  const run = { name: 'react', program: 'vite', environment } as const
  const outDir = outputFolder()
  build({ ...run, arguments: ['build', '--outDir', outDir, '--emptyOutDir'] })
  const url = await start({ ...run, arguments: ['preview', '--outDir', outDir, '--strictPort'] })
  return { server, url }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true })
}

async function submit(page: Page, button: string, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: button, exact: true }).click()
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor()

test('the page in React: its types are right', { skip: notInstalled }, () => {
  const compiler = join(import.meta.dirname, '../node_modules/typescript/bin/tsc')
  const arguments_ = [compiler, '-p', join(import.meta.dirname, '../react')]
  const { status, stdout } = spawnSync(process.execPath, arguments_, { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

test('the page in React: sign up, stay signed in, see and end sessions, log out in every tab', { skip }, async () => {
  const { server, url } = await startApplication()
  const browser = await openBrowser()
  const page = await browser.newPage()
  const email = `${randomUUID()}@example.com`

  await page.goto(url)
  await heading(page, 'Log in')
  await page.getByRole('button', { name: 'Create an account' }).click()
  await submit(page, 'Sign up', (await signUp(server)).email)
  await page.getByText('The email address has already been taken.').waitFor()
  await submit(page, 'Sign up', email)
  await heading(page, email)
  const cookies = await browser.cookies()
  assert.ok(cookies.some(({ name, httpOnly }) => name === '__Host-tessera_refresh' && httpOnly))
  assert.deepEqual(
    await page.evaluate('Object.values(localStorage).filter((value) => value.includes("refresh_token"))'),
    [],
  )

  await page.reload()
  await heading(page, email)

  for (const _ of [1, 2]) await logIn(server, email)
  await page.reload()
  const sessions = page.getByRole('listitem')
  await page.getByRole('button', { name: 'End all others' }).waitFor()
  assert.equal(await sessions.count(), 3)
  assert.match((await sessions.filter({ hasText: 'This one' }).textContent()) ?? '', /Chrome/)
  await shoot(page, 'account-light')
  await page
    .getByRole('button', { name: /^End the session/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' })
  assert.equal(await sessions.count(), 2)

  server.advanceClock({ seconds: 901 }) // the access token expires
  await page.getByRole('button', { name: /^End the session/ }).click()
  await page.getByRole('button', { name: /^End the session/ }).waitFor({ state: 'detached' })

  const other = await browser.newPage()
  await other.goto(url)
  await heading(other, email)
  await other.getByRole('button', { name: 'Log out' }).click()
  await heading(other, 'Log in')
  await heading(page, 'Log in')
  await page.reload()
  await heading(page, 'Log in')

  await submit(page, 'Log in', email, 'another password')
  await page.getByText('The email address or the password is wrong.').waitFor()
  await submit(page, 'Log in', email)
  await heading(page, email)
  await heading(other, email)
})

test('the page in React: an outage does not sign out, and a session that ended elsewhere shows the form', {
  skip,
}, async () => {
  const { server, url } = await startApplication()
  const { email } = await signUp(server)
  const browser = await openBrowser()
  const page = await browser.newPage()
  await page.goto(url)
  await submit(page, 'Log in', email)
  await heading(page, email)

  await page.route('**/api/v1/**', (route) => route.abort())
  await page.reload()
  await page.getByText('You are not signed out').waitFor()
  assert.equal(await page.getByRole('heading', { name: 'Log in' }).count(), 0)
  await page.unroute('**/api/v1/**')
  await page.evaluate(`dispatchEvent(new Event('online'))`)
  await heading(page, email)

  const { access_token } = await logIn(server, email)
  await server.delete('/api/v1/auth/sessions', { bearer: access_token })
  await page.reload()
  await heading(page, 'Log in')
  await page.getByText('You were signed out, since the session has ended.').waitFor()
})

test('the page in React: fits 360 pixels, follows the colour scheme, and has no fault of accessibility', {
  skip,
}, async () => {
  const { server, url } = await startApplication()
  const { email } = await signUp(server, `rather.long.${randomUUID()}@mail.example.com`)
  await logIn(server, email)
  await logIn(server, email)
  const browser: BrowserContext = await openBrowser()
  const page = await browser.newPage()
  await page.setViewportSize({ width: 360, height: 740 })
  const colours = new Set<unknown>()
  await page.goto(url)
  for (const state of ['form', 'account']) {
    if (state === 'account') {
      await submit(page, 'Log in', email)
      await page.getByRole('button', { name: 'End all others' }).waitFor()
    } else await heading(page, 'Log in')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await shoot(page, `${state}-360-${colorScheme}`)
      assert.deepEqual(await accessibilityFindings(page), [], `${state}, ${colorScheme}`)
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, `${state}, ${colorScheme}`)
      colours.add(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'))
    }
  }
  assert.equal(colours.size, 2)
})
