import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as forward, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import sql from 'sql-template-tag'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { startServer } from '../support/server.ts'
import { FIELDS_BESIDE_COOKIE, PASSWORD, signUp } from '../support/users.ts'

const skip = noBrowser

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Answers every request with an empty page. */
const blankPage: RequestListener = (_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>')

/** Starts a server, a page of its site on another port, and a hostile page of another site. */
async function startSite() {
  const appPort = await listen(blankPage)
  const app = `http://localhost:${appPort}`
  const server = await startServer({ CORS_ORIGINS: app })
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // A proxy between browser and server that holds back requests to `…?stall` after they left the browser.
  const apiPort = await listen(async (incoming, outgoing) => {
    if (incoming.method === 'POST' && incoming.url?.endsWith('?stall')) {
      arrived.resolve()
      await released.promise
    }
    const { method = 'GET', url = '/', headers } = incoming
    const onward = forward(server.url + url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  const hostile = `http://evil.example:${await listen(blankPage)}`
  const api = `http://localhost:${apiPort}`
  return { server, app, api, hostile, stalled: arrived.promise, release: released.resolve }
}

/** Sends a request from a page; the status and field names of the answer, or `nothing` if the browser withheld it. */
function ask(page: Page, url: string, body: object = {}): Promise<{ status: number; fields: string[] } | 'nothing'> {
  return page.evaluate(
    async ([address = '', text = '']) => {
      try {
        const headers = { 'Content-Type': 'application/json' }
        const answer = await fetch(address, { method: 'POST', credentials: 'include', headers, body: text })
        return { status: answer.status, fields: Object.keys((await answer.json()) as object) }
      } catch {
        return 'nothing' as const
      }
    },
    [url, JSON.stringify(body)],
  )
}

test('after a page on another port of the site logs in, two tabs can refresh at once, and both continue when one request stalls', {
  skip,
}, async () => {
  const { server, app, api, stalled, release } = await startSite()
  const user = await signUp(server)
  const browser = await openBrowser()
  const [first, second] = [await browser.newPage(), await browser.newPage()]
  await Promise.all([first.goto(app), second.goto(app)])

  const credentials = { email: user.email, password: PASSWORD, cookie: true }
  const login = await ask(first, `${api}/api/v1/auth/login`, credentials)
  assert.deepEqual(login, { status: 200, fields: ['user', ...FIELDS_BESIDE_COOKIE] })
  assert.equal(await first.evaluate('document.cookie'), '', 'no script can read it')
  const cookies = await browser.cookies(api)
  assert.deepEqual(
    cookies.map(({ name, httpOnly, secure, sameSite, path }) => ({ name, httpOnly, secure, sameSite, path })),
    ['__Host-tessera_refresh', '__Host-tessera_device'].map((name) => {
      return { name, httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }
    }),
  )

  const refreshed = { status: 200, fields: FIELDS_BESIDE_COOKIE }
  for (let round = 0; round < 3; round++) {
    server.advanceClock({ seconds: 31 })
    const both = [ask(first, `${api}/api/v1/auth/refresh`), ask(second, `${api}/api/v1/auth/refresh`)]
    assert.deepEqual(await Promise.all(both), [refreshed, refreshed])
  }
  server.advanceClock({ seconds: 31 })
  const late = ask(second, `${api}/api/v1/auth/refresh?stall`)
  await stalled // with the current cookie
  for (let again = 0; again < 3; again++) {
    assert.deepEqual(await ask(first, `${api}/api/v1/auth/refresh`), refreshed)
    server.advanceClock({ seconds: 8 })
  }
  release()
  assert.deepEqual(await late, refreshed)
  for (const tab of [first, second]) assert.deepEqual(await ask(tab, `${api}/api/v1/auth/refresh`), refreshed)
  assert.deepEqual(await ask(second, `${api}/api/v1/auth/logout`), { status: 200, fields: ['message'] })
  const left = (await browser.cookies(api)).map(({ name }) => name)
  assert.deepEqual(left, ['__Host-tessera_device'], 'a logout leaves what recognises the browser at its next login')
  assert.deepEqual(await server.rows(sql`select kind from outbox`), [])
})

test('a hostile page of another site gets no answer and uses no token up', { skip }, async () => {
  const { server, app, api, hostile } = await startSite()
  const user = await signUp(server)
  const browser = await openBrowser()
  const [page, evil] = [await browser.newPage(), await browser.newPage()]
  await Promise.all([page.goto(app), evil.goto(hostile)])
  const credentials = { email: user.email, password: PASSWORD, cookie: true }
  assert.equal((await ask(page, `${api}/api/v1/auth/login`, credentials)) === 'nothing', false)
  server.advanceClock({ seconds: 31 })
  const before = await server.rows(sql`select id, used_at from refresh_tokens`)

  for (const path of ['refresh', 'logout', 'login']) {
    assert.equal(await ask(evil, `${api}/api/v1/auth/${path}`, credentials), 'nothing', path)
  }
  // Two kinds of request need no preflight: a form, and a fetch that does not read the answer.
  await evil.evaluate(`(async (url) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { 'Content-Type': type }
      await fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', headers, body: '{}' })
    }
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url, enctype: 'text/plain' })
    form.innerHTML = '<input name=\\'{"a":"\\' value=\\'"}\\'>'
    document.body.append(form)
    form.submit()
  })('${api}/api/v1/auth/logout')`)
  await evil.waitForURL(`${api}/**`)
  assert.match(await evil.content(), /must be application\/json/)
  assert.deepEqual(await server.rows(sql`select id, used_at from refresh_tokens`), before)
  assert.deepEqual(await ask(page, `${api}/api/v1/auth/refresh`), { status: 200, fields: FIELDS_BESIDE_COOKIE })
})

test('the API page can try a login in a browser and loads nothing from elsewhere', { skip }, async () => {
  const server = await startServer()
  const browser = await openBrowser()
  const page = await browser.newPage()
  const [elsewhere, pageErrors]: string[][] = [[], []]
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) elsewhere?.push(request.url())
  })
  page.on('console', (message) => message.type() === 'error' && pageErrors?.push(message.text()))
  page.on('pageerror', (error) => pageErrors?.push(error.message))
  await page.goto(`${server.url}/docs`)
  await page.click('#operations-Authentication-login .opblock-summary')
  await page.click('#operations-Authentication-login .execute')
  await page.locator('#operations-Authentication-login .live').getByText('refresh_token').first().waitFor()
  for (const path of ['/', '/dev/mail', '/health']) await page.goto(server.url + path)
  assert.deepEqual([elsewhere, pageErrors], [[], []])
})

test('the API page fills in the tokens of earlier answers, and draws a new key for each refresh', {
  skip,
}, async () => {
  const server = await startServer()
  const browser = await openBrowser()
  const page = await browser.newPage()
  await page.goto(`${server.url}/docs`)
  const tryOut = async (operation: string) => {
    await page.click(`#operations-${operation} .opblock-summary`)
    const [response] = await Promise.all([
      page.waitForResponse((each) => each.request().resourceType() === 'fetch'),
      page.click(`#operations-${operation} .execute`),
    ])
    assert.ok(response.ok(), `${operation} ${await response.text()}`)
    return response.request().headers()['idempotency-key'] ?? ''
  }
  await tryOut('Registration-signUp')
  await tryOut('Authentication-login')
  await tryOut('Authentication-me')
  const key = await tryOut('Authentication-refresh')
  assert.match(key, /^refresh-[\w-]{16,}$/)
  await page.click('#operations-Authentication-refresh .opblock-summary')
  assert.notEqual(await tryOut('Authentication-refresh'), key)
  await tryOut('Sessions-listSessions')
  await tryOut('Sessions-showSession')
  await tryOut('Token_pairs-issuePair')
  await tryOut('Token_pairs-refreshPair')
  await tryOut('Registration-deleteUser')
  await tryOut('Authentication-logout')
})
