import type { Page } from 'playwright-core'
import type { TestServer } from '../support/server.ts'
import { PASSWORD } from '../support/users.ts'
import type { Reader } from './every-mail.ts'

/** Presses the button of a page, and waits for the answer. */
export async function press(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button }).click()
  await answered(page)
}

/** While a page waits for an answer, its button is disabled. */
export const answered = (page: Page) => page.locator('form button:enabled').waitFor({ state: 'attached' })

export const problemOf = (page: Page) => page.getByRole('alert').textContent()

/** Signs in with a cookie at the site of the mails, as a page of that origin does. */
export async function signInHere(page: Page, server: TestServer, reader: Reader): Promise<void> {
  await signInAt(page, `${server.url.replace('127.0.0.1', 'localhost')}/verify`, reader)
}

/** Signs in with a cookie from a page at an address. */
export async function signInAt(page: Page, address: string, { user }: Reader): Promise<void> {
  await page.goto(address.replace(/#.*/, ''))
  const body = JSON.stringify({ email: user.email, password: PASSWORD, cookie: true })
  const status = await page.evaluate(`fetch('api/v1/auth/login',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(body)} }).then((answer) => answer.status)`)
  if (status !== 200) throw new Error(`login answered ${status}`)
}

/** Types the number that a page asks for. */
export async function typeNumber(page: Page): Promise<void> {
  await page.locator('#number').fill(await numberOf(page))
}

export async function numberOf(page: Page): Promise<string> {
  const label = (await page.locator('#number-label').textContent()) ?? ''
  return /\d{3}/.exec(label)?.[0] ?? ''
}
