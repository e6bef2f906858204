import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request as forward } from 'node:http'
import { test } from 'node:test'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { me, PASSWORD, signUp } from '../support/users.ts'
import { bundle, folderOf, printed } from './recipe.ts'
import { listen, startStage } from './stage.ts'

const TITLE = 'document.title'

/** An application that renders: the title of its page says whether the request had a cookie. A mail links to it. */
async function openApplication(settings: Record<string, string> = {}) {
  const stage = await startStage(settings)
  const { email } = await signUp(stage.server)
  const session = printed('clients.md', 'session.ts').replace('http://localhost:3000', '')
  const folder = folderOf({ 'session.ts': session, 'entry.ts': "export * from './session'" })
  const script = readFileSync(await bundle(folder, 'browser'), 'utf8')
  // The application passes the paths of Tessera on to it.
  const app = await listen((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    if (url === '/client.js') return void outgoing.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    if (url === '/') {
      const title = headers.cookie?.includes('__Host-tessera_refresh=') ? 'cookie' : 'no cookie'
      return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>${title}</title>`)
    }
    const onward = forward(stage.server.url + url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  const mail = await listen((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><a href="${app}">to the app</a>`),
  )
  const tab = await (await openBrowser()).newPage()
  const run = (code: string) => tab.evaluate(`import('/client.js').then((client) => client.${code})`)
  await tab.goto(app)
  await run(`login('${email}', '${PASSWORD}')`)
  await tab.reload()
  assert.equal(await tab.evaluate(TITLE), 'cookie')

  await tab.goto(mail.replace('localhost', 'mail.example'))
  await tab.click('a')
  await tab.waitForURL(`${app}/`)
  return { stage, app, email, tab, run }
}

test('a first navigation from another site hides the cookie from a server that renders, but not from the calls of its page', {
  skip: noBrowser,
}, async () => {
  const { stage, email, tab, run } = await openApplication()
  assert.equal(await tab.evaluate(TITLE), 'no cookie')
  const token = await run('accessToken()')
  assert.equal((await me(stage.server, String(token))).body.user.email, email, 'the page refreshes')
  await tab.reload()
  assert.equal(await tab.evaluate(TITLE), 'no cookie', 'a reload keeps the site that the navigation came from')
  await Promise.all([tab.waitForEvent('load'), tab.evaluate('location.replace(location.href)')])
  assert.equal(await tab.evaluate(TITLE), 'cookie', 'a navigation that the page starts')
})

test('with COOKIE_SAME_SITE=lax the first navigation from another site has the cookie, and a form of that site does not', {
  skip: noBrowser,
}, async () => {
  const { stage, app, tab, run } = await openApplication({ COOKIE_SAME_SITE: 'lax' })
  assert.equal(await tab.evaluate(TITLE), 'cookie')
  await tab.reload()
  assert.equal(await tab.evaluate(TITLE), 'cookie')

  const form = `<form method="post" action="${app}/api/v1/auth/logout"></form><script>document.forms[0].submit()</script>`
  const attacker = await listen((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${form}`),
  )
  await tab.goto(attacker.replace('localhost', 'attacker.example'))
  await tab.waitForURL(`${app}/api/v1/auth/logout`)
  await tab.goto(app)
  assert.equal((await me(stage.server, String(await run('accessToken()')))).status, 200, 'still signed in')
})
