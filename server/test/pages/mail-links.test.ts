import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import { askForChange, askForProof, askForReset, signInElsewhere, signUpReader, startSite } from './every-mail.ts'

test('a link opens out of the mailbox, from the HTML and from the text, and a click selects a code', {
  skip: noBrowser,
}, async () => {
  const [server, context] = [await startSite(), await openBrowser()]
  const mail = await askForProof(server, await signUpReader(server))
  const page = await context.newPage()
  await page.goto(`${server.url}/dev/mail/${mail.id}`)
  const frame = page.frameLocator('iframe')
  for (const link of [
    frame.getByRole('link', { name: 'Confirm this address' }),
    page.locator('pre a', { hasText: 'token=' }),
  ]) {
    const [opened] = await Promise.all([context.waitForEvent('page'), link.click()])
    await opened.getByRole('button', { name: 'Confirm' }).click()
    await opened.getByText('You are not signed in in this browser.').waitFor()
  }
  await frame.getByText(codeOf(mail)).click()
  assert.equal(await page.frames()[1]?.evaluate('getSelection().toString().trim()'), mail.code)
  await page.locator('pre code').click()
  assert.equal(await page.evaluate('getSelection().toString()'), mail.code)
})

test('mails link to pages of the service where it has its own, with the token where it says', async () => {
  const own = (name: string) => `https://app.acme.example/#/${name}?token={token}&from=mail`
  const server = await startSite({
    PASSWORD_RESET_URL: own('reset'),
    EMAIL_VERIFICATION_URL: own('verify'),
    EMAIL_CONFIRMATION_URL: own('confirm'),
    EMAIL_UNDO_URL: own('undo'),
    NOT_ME_URL: own('not-me'),
  })
  const link = (text: string) => /https:\/\/app\.acme\.example\/#\S+/.exec(text)?.[0]
  const expected = async (name: string, mail: { text: string; html: string }) => {
    const [, token = ''] = /token=([\w-]{54})&/.exec(mail.text) ?? []
    const url = own(name).replace('{token}', token)
    assert.equal(link(mail.text), url)
    assert.ok(mail.html.includes(`href="${url.replaceAll('&', '&amp;')}"`))
    return token
  }
  const reader = await signUpReader(server)
  const token = await expected('reset', await askForReset(server, reader))
  await expected('verify', await askForProof(server, reader))
  await expected('not-me', await signInElsewhere(server, reader))
  const mover = await signUpReader(server)
  const proof = { token: await expected('confirm', await askForChange(server, mover)) }
  await server.post('/api/v1/users/email/confirm', proof, { bearer: mover.access_token })
  await expected('undo', await readMail(server, mover.user.email, 'email_changed'))
  const body = { token, password: 'a quite different one' }
  assert.equal((await server.post('/api/v1/users/password/reset', body)).status, 204)
})

test('links of mails have the path at which a proxy serves this server', async () => {
  const server = await startSite({ PUBLIC_URL: 'https://acme.example/auth/' })
  const mail = await askForReset(server, await signUpReader(server, 'ru'))
  assert.ok(mail.text.includes(`\nhttps://acme.example/auth/reset?lang=ru#token=${linkOf(mail)}\n`))
})
