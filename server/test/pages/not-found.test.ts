import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'

const BROWSER = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  HOST: '127.0.0.1',
  REQUIRE_HTTPS: 'off',
}

test('a browser gets a page for an unknown path, and a program JSON', async () => {
  const server = await startServer()
  const page = await server.get('/nothing', BROWSER)
  assert.deepEqual([page.status, page.headers.get('content-type')], [404, 'text/html; charset=utf-8'])
  assert.match(page.text, /<html lang="en">.*<h1>Page not found<\/h1>/s)
  for (const options of [{}, { headers: { accept: 'application/json' } }, { headers: { accept: 'image/png' } }]) {
    assert.deepEqual((await server.get('/nothing', options)).body, { error: { message: 'Not found', details: {} } })
  }
  assert.match((await server.post('/nothing', {}, BROWSER)).headers.get('content-type') ?? '', /json/)
})

test('every link of the page leads somewhere, also for a client that may not see the mailbox', async () => {
  for (const settings of [{}, { DEMO_FROM: '192.0.2.1' }, { ...PRODUCTION, API_PAGES: 'on' }, PRODUCTION]) {
    const server = await startServer(settings)
    const { text } = await server.get('/nothing', BROWSER)
    for (const [, path = ''] of text.matchAll(/href="(\/[^"]*)"/g)) {
      assert.equal((await server.get(path, BROWSER)).status, 200, path)
    }
  }
})

/** `fetch` sets `Sec-Fetch-Mode` itself: this sends the one of a browser's navigation. */
async function typeForNavigation(url: string): Promise<string | undefined> {
  const headers = { ...BROWSER.headers, 'sec-fetch-mode': 'navigate' }
  const [response] = (await once(request(url, { headers, agent: false }).end(), 'response')) as [IncomingMessage]
  response.resume()
  return response.headers['content-type']
}

test('paths of the API are JSON for programs that accept HTML, and a page for a browser that goes there', async () => {
  const server = await startServer()
  for (const path of ['/api/v1/nothing', '/api', '/api?a=b', '/auth/nothing', '/oauth/nothing', '//api/v1/nothing']) {
    assert.match((await server.get(path, BROWSER)).headers.get('content-type') ?? '', /^application\/json/, path)
    assert.match((await typeForNavigation(server.url + path)) ?? '', /^text\/html/, path)
  }
})

test('HEAD has the headers of the page and no body', async () => {
  const server = await startServer()
  const get = await server.get('/nothing', BROWSER)
  const head = await fetch(`${server.url}/nothing`, { method: 'HEAD', headers: BROWSER.headers })
  assert.deepEqual([head.status, await head.text()], [404, ''])
  for (const name of ['content-type', 'content-length', 'content-security-policy', 'cache-control'])
    assert.equal(head.headers.get(name), get.headers.get(name), name)
})

test('the page says nothing of the request', async () => {
  const server = await startServer()
  const { text } = await server.get('/nothing', BROWSER)
  for (const path of [
    '/<script>alert(1)</script>',
    '/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E',
    '/a?q=<b>&x="y"',
    '/..;/',
  ])
    assert.equal((await server.get(path, BROWSER)).text, text, path)
})

test('without pages for developers, users read it in their language under the name of the service', async () => {
  const server = await startServer({
    ...PRODUCTION,
    MAIL_FROM: 'Acme <a@acme.example>',
    APP_URL: 'https://app.acme.example',
  })
  const { text } = await server.get('/nothing', { headers: { ...BROWSER.headers, 'accept-language': 'ru,en;q=0.5' } })
  assert.match(
    text,
    /<html lang="ru">.*Acme.*<h1>Страница не найдена<\/h1>.*href="https:\/\/app\.acme\.example">Перейти: Acme</s,
  )
  assert.doesNotMatch(text, /Tessera|href="\//)
  assert.match((await server.get('/nothing', BROWSER)).text, /<html lang="en">.*>Go to Acme</s)
})
