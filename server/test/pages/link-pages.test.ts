import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { launchBrowser, noBrowser } from '../support/browser.ts'
import { linkOf, type ReadMail, readMail } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, me, PASSWORD } from '../support/users.ts'
import {
  askForChange,
  askForProof,
  askForReset,
  changeAddress,
  linkIn,
  type Reader,
  signInElsewhere,
  signUpReader,
  startSite,
} from './every-mail.ts'
import { press, problemOf, signInHere, typeNumber } from './link-visit.ts'

const skip = noBrowser
const NEW_PASSWORD = 'a quite different one'

/** Opens a page in a new browser profile. */
async function newPage(options = {}): Promise<Page> {
  return (await (await launchBrowser()).newContext(options)).newPage()
}

test('a forgotten password is set on the page, which shows in place why one is refused', { skip }, async () => {
  const [server, page] = [await startSite(), await newPage()]
  const reader = await signUpReader(server)
  const mail = await askForReset(server, reader)
  await page.goto(linkIn(mail))
  const password = page.getByLabel('New password', { exact: true })
  assert.equal(await password.getAttribute('autocomplete'), 'new-password')
  assert.equal(await page.locator('form input[autocomplete=username]').count(), 1)
  await password.fill('short')
  await press(page, 'Set the password')
  assert.equal(await problemOf(page), 'This password is too short: it needs at least 8 characters.')
  assert.equal(await password.getAttribute('aria-invalid'), 'true')
  assert.equal(await page.evaluate('document.activeElement.id'), 'password')
  await password.fill(NEW_PASSWORD)
  await page.getByLabel('Show the password').check()
  assert.equal(await password.getAttribute('type'), 'text')
  await password.press('Enter')
  await page.getByText('Your new password is set. Sign in with it now.').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Go to Acme' }).getAttribute('href'), 'https://app.acme.example')
  await logIn(server, reader.user.email, NEW_PASSWORD)
  assert.equal((await me(server, reader.access_token)).status, 401)

  await page.reload() // It has lost its token.
  await page.getByLabel('Paste the link').fill(linkIn(mail))
  await password.fill(NEW_PASSWORD)
  await press(page, 'Set the password')
  assert.match((await problemOf(page)) ?? '', /it was used, or it has expired\. Ask for a new mail/)
})

test('every refusal of a password has words in the language of the reader', { skip }, async () => {
  const secret = { JWT_SECRET_KEY: randomBytes(32).toString('hex') }
  const [server, page] = [await startSite(secret), await newPage()]
  // Only production refuses passwords that can be guessed.
  const settings = { ...secret, NODE_ENV: 'production', REQUIRE_HTTPS: 'off', DATABASE_URL: server.databaseUrl }
  const production = await startServer(settings)
  const reader = await signUpReader(server, 'ru')
  await page.goto(linkIn(await askForReset(server, reader)).replace(/^http:..[^/]+/, production.url))
  const refused = ['', 'short', 'x'.repeat(5000), `${reader.user.email}1`, 'password123']
  const problems = new Set<string>()
  for (const password of refused) {
    await page.getByLabel('Новый пароль', { exact: true }).fill(password)
    await press(page, 'Задать пароль')
    const problem = (await problemOf(page)) ?? ''
    assert.match(problem, /^[А-Я][^A-Za-z]+\.$/)
    problems.add(problem)
  }
  assert.equal(problems.size, refused.length)
})

for (const { name, ask, button, done, read } of [
  {
    name: 'verify',
    ask: askForProof,
    button: 'Confirm',
    done: 'Your address is confirmed.',
    read: async (server: TestServer, { user }: Reader) => (await logInAgain(server, user.email)).email_verified_at,
  },
  {
    name: 'confirm',
    ask: askForChange,
    button: 'Confirm',
    done: 'Your account has its new address.',
    read: async (server: TestServer, reader: Reader) =>
      (await me(server, reader.access_token)).body.user?.email !== reader.user.email,
  },
]) {
  test(`/${name} completes with one click where its user is signed in, and elsewhere tells where to type the code`, {
    skip,
  }, async () => {
    const server = await startSite()
    const [reader, other] = [await signUpReader(server), await signUpReader(server)]
    const mail = await ask(server, reader)
    const [stranger, own] = [await newPage(), await newPage()]
    await stranger.goto(linkIn(mail))
    await press(stranger, button)
    assert.match((await problemOf(stranger)) ?? '', /not signed in .* Type the code from the mail where you began/)
    await signInHere(stranger, server, other)
    await stranger.goto(linkIn(mail))
    await press(stranger, button)
    assert.match((await problemOf(stranger)) ?? '', /signed in to another account/)
    assert.ok(!(await read(server, reader)))

    await signInHere(own, server, reader)
    await own.goto(linkIn(mail))
    assert.ok(!(await read(server, reader)))
    await press(own, button)
    await own.getByText(done).waitFor()
    assert.ok(await read(server, reader))
    assert.ok(!(await own.content()).includes(mail.code ?? '-'))
  })
}

async function logInAgain(server: TestServer, email: string) {
  return (await server.post('/api/v1/auth/login', { email, password: PASSWORD })).body.user
}

test('/undo and /not_me act only after the number of the page, and tell what happened', { skip }, async () => {
  const server = await startSite()
  const [moved, alarmed] = [await signUpReader(server), await signUpReader(server)]
  const notices: [ReadMail, string, string][] = [
    [await changeAddress(server, moved), 'Undo the change', 'Your account is yours again'],
    [await signInElsewhere(server, alarmed), 'This was not me', 'your account is safe now'],
  ]
  for (const [mail, button, done] of notices) {
    const page = await newPage()
    await page.goto(linkIn(mail))
    for (const number of ['', '12']) {
      await page.getByLabel('To continue, type').fill(number)
      await press(page, button)
      assert.equal(await problemOf(page), 'Type the three digits that stand above the field.')
    }
    await typeNumber(page)
    await press(page, button)
    await page.getByText(done).waitFor()
    await readMail(server, mail.to, 'reset_password')
  }
  assert.equal((await me(server, moved.access_token)).status, 401)
  const used = await newPage()
  await used.goto(linkIn(notices[0]?.[0] as ReadMail))
  await typeNumber(used)
  await press(used, 'Undo the change')
  assert.match((await problemOf(used)) ?? '', /it was used, or its seven days are over/)
})

test('the token leaves the address bar at once, and is in no URL, no header, no storage and no log', {
  skip,
}, async () => {
  const server = await startSite()
  const reader = await signUpReader(server)
  const mails = [
    await askForReset(server, reader),
    await askForProof(server, reader),
    await changeAddress(server, await signUpReader(server)),
    await askForChange(server, await signUpReader(server)),
    await signInElsewhere(server, await signUpReader(server)),
  ]
  const page = await newPage()
  const sent: string[] = []
  page.on('request', (request) => sent.push(`${request.url().split('#')[0]} ${JSON.stringify(request.headers())}`))
  for (const mail of mails) {
    await page.goto(linkIn(mail))
    const address = new URL(page.url())
    assert.deepEqual([address.hash, address.search], ['', '?lang=en'])
    if (await page.locator('#number').isVisible()) await typeNumber(page)
    await press(page, '')
    const kept: string[] = await page.evaluate(
      '[document.documentElement.outerHTML, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(history.state), document.referrer]',
    )
    for (const text of [...kept, ...sent, JSON.stringify(server.logs)])
      assert.ok(!text.includes(linkOf(mail)), `${mail.kind} ${text.slice(0, 60)}`)
  }
  assert.ok(sent.some((request) => /api\/v1\/auth\/not_me/.test(request)))
  assert.ok(sent.every((request) => !/"referer":"[^"]/i.test(request)))
})

test('another link that is opened in the tab of the page is the one that is used', { skip }, async () => {
  const [server, page] = [await startSite(), await newPage()]
  const [first, second] = [
    await askForReset(server, await signUpReader(server)),
    await askForReset(server, await signUpReader(server)),
  ]
  await page.goto(linkIn(first))
  await page.goto(linkIn(second))
  await page.waitForURL((url) => url.hash === '')
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  const request = page.waitForRequest('**/password/reset')
  await page.getByRole('button').click()
  assert.equal((await request).postDataJSON().token, linkOf(second))
})

test('without JavaScript, a page says that it needs it, in the language of its link', { skip }, async () => {
  const [server, page] = [await startSite(), await newPage({ javaScriptEnabled: false })]
  for (const [lang, sentence] of [
    ['en', 'This page needs JavaScript.'],
    ['ru', 'Для этой страницы нужен JavaScript.'],
  ]) {
    for (const path of ['reset', 'verify', 'confirm', 'undo', 'not_me']) {
      await page.goto(`${server.url}/${path}?lang=${lang}`)
      assert.match(await page.locator('noscript p').innerText(), new RegExp(`^${sentence}`))
      assert.equal(await page.locator('form, input, button').filter({ visible: true }).count(), 0)
    }
  }
})
