import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const skip = noBrowser

async function openApiPage(server: TestServer): Promise<Page> {
  const page = await (await openBrowser()).newPage()
  await page.goto(`${server.url}/docs`)
  await page.locator('.opblock').first().waitFor()
  return page
}

/** Opens an operation once, sends it, and returns the status of its answer. */
async function execute(page: Page, operation: string, body?: object): Promise<string> {
  const block = page.locator(`#operations-${operation}`)
  if ((await block.locator('.execute').count()) === 0) await block.locator('.opblock-summary-control').click()
  if (body) await block.locator('textarea').fill(JSON.stringify(body))
  const answered = page.waitForResponse((response) => !response.url().includes('/docs'))
  await block.locator('.execute').click()
  await answered
  return (await block.locator('.live-status b').textContent()) ?? ''
}

test('after a login that was tried at /docs, the other operations work with one click each', { skip }, async () => {
  const server = await startServer({ PUBLIC_URL: 'https://app.acme.example' })
  const page = await openApiPage(server)
  const token = page.getByLabel('Access token')
  assert.equal(await execute(page, 'Authentication-me'), '401')
  assert.equal(await execute(page, 'Authentication-login'), '200')
  assert.match(await token.inputValue(), /^eyJ/)
  assert.equal(await execute(page, 'Authentication-me'), '200')
  const first = await token.inputValue()
  server.advanceClock({ seconds: 2 })
  assert.equal(await execute(page, 'Authentication-refresh'), '200')
  assert.notEqual(await token.inputValue(), first)
  const second = await token.inputValue()
  server.advanceClock({ seconds: 2 })
  assert.equal(await execute(page, 'OAuth-oauthToken'), '200')
  assert.notEqual(await token.inputValue(), second)
  assert.equal(await execute(page, 'Authentication-logout'), '200')
  assert.equal(await token.inputValue(), '')
  assert.equal(await execute(page, 'Authentication-me'), '401')
})

test('a token can be pasted and cleared at /docs, and is gone with the page', { skip }, async () => {
  const server = await startServer()
  const { email } = await signUp(server)
  const page = await openApiPage(server)
  const login = await server.post('/api/v1/auth/login', { email, password: 'correct horse battery' })
  await page.getByLabel('Access token').fill(login.body.access_token)
  assert.equal(await execute(page, 'Authentication-me'), '200')
  await page.getByRole('button', { name: 'Clear' }).click()
  assert.equal(await execute(page, 'Authentication-me'), '401')
  await page.getByLabel('Access token').fill(login.body.access_token)
  await page.reload()
  assert.equal(await page.getByLabel('Access token').inputValue(), '')
})

test('the front page copies its commands, and they run as they were copied', { skip }, async (t) => {
  const server = await startServer()
  const browser = await openBrowser()
  await browser.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url })
  const page = await browser.newPage()
  await page.goto(server.url)
  const copy = async (command: string) => {
    await page.getByRole('figure', { name: command }).getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('status').getByText('Copied').waitFor({ state: 'attached' })
    return page.evaluate<string>('navigator.clipboard.readText()')
  }
  const run = async (command: string, env = {}) => {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, ...env } })
    return JSON.parse(stdout)
  }
  const login = await copy('Log in')
  const answer = await run(login).catch((error) =>
    /curl: not found/.test(error.message) ? null : Promise.reject(error),
  )
  if (answer === null) return t.skip('there is no curl here')
  const { user } = await run(await copy('Use the access token'), { ACCESS_TOKEN: answer.access_token })
  assert.equal(user.email, 'admin@example.com')
})

test('a client that is not one of the demonstration gets commands that work for it', async () => {
  const server = await startServer({ DEMO_FROM: '192.0.2.1' })
  const page = await server.get('/', { headers: { accept: 'text/html' } })
  assert.doesNotMatch(page.text, /password123|\/dev\/mail/)
  assert.match(page.text, /the address 127\.0\.0\.1 is not in DEMO_FROM/)
  assert.match(page.text, /sign_up/)
})

test('no Host gets more into a command than a name and a port', async () => {
  const server = await startServer()
  for (const host of ['x;id', 'a$(id).example', "a'b", 'a`id`']) {
    const sent = request(server.url, { headers: { accept: 'text/html', host }, agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.match(await text(response), /<pre id="me">curl http:\/\/localhost\/api\/v1\/auth\/me /, host)
  }
})
