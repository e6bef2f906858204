import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listen } from '../../server/test/clients/stage.ts'
import { noBrowser, openBrowser } from '../../server/test/support/browser.ts'
import { startServer } from '../../server/test/support/server.ts'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'
import { build, notInstalled, start } from './example.ts'

const skip = noBrowser || notInstalled

test('the application in Next: pages are rendered for their user, at the first visit from a mail too, and refreshed in one place', {
  skip,
}, async () => {
  const server = await startServer({ COOKIE_SAME_SITE: 'lax', TRUSTED_PROXIES: '127.0.0.1,::1' })
  const run = { name: 'next', program: 'next', environment: { TESSERA_URL: server.url } } as const
  build({ ...run, arguments: ['build'] })
  const url = await start({ ...run, arguments: ['start'] })
  const { email } = await signUp(server)
  const browser = await openBrowser()
  const page = await browser.newPage()
  const signedIn = page.getByText(`You are signed in as ${email}`)
  /** The page as the server renders it, by the browser's own cookie. */
  const rendered = async () => {
    const cookies = await browser.cookies(url.replace('http:', 'https:'))
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { headers: { cookie } })
    return { html: await answer.text(), headers: answer.headers }
  }

  await page.goto(url)
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill('a wrong password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('The email address or the password is wrong.').waitFor()
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await signedIn.waitFor()

  const { html, headers } = await rendered()
  assert.ok(html.includes(email))
  assert.match(headers.get('cache-control') ?? '', /no-store/)
  const forged = await fetch(url, { headers: { authorization: 'Bearer forged' } })
  assert.ok(!(await forged.text()).includes(email))

  // Half a day later: the access token has expired, and the page is rendered with a new one.
  const before = (await browser.cookies()).find(({ name }) => name === '__Host-tessera_refresh')?.value
  server.advanceClock({ seconds: 43_200 })
  const mail = await listen((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><a href="${url}">to the app</a>`),
  )
  await page.goto(mail.replace('localhost', 'mail.example'))
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === '/' && response.url().startsWith(url)),
    page.click('a'),
  ])
  assert.ok((await answer.text()).includes(email), 'the first navigation')
  await signedIn.waitFor()
  const now = (await browser.cookies()).find(({ name }) => name === '__Host-tessera_refresh')?.value
  assert.notEqual(now, before)

  server.advanceClock({ seconds: 31 })
  const answers = await Promise.all(Array.from({ length: 8 }, rendered))
  for (const { html, headers } of answers) {
    assert.ok(html.includes(email), 'requests at the same time')
    assert.equal(headers.getSetCookie().length, 1)
  }

  await page.reload() // no answer of those reached the browser
  await signedIn.waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  assert.ok(!(await rendered()).html.includes(email))
})
