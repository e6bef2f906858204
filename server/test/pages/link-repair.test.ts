import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { startServer } from '../support/server.ts'

const skip = noBrowser
const TOKEN = 'q0-_4KeQduq4-2toY03Fg4a_04SWg6NOXSOanXA4xdqh54KwrJwX-_'

test('a link whose # a gateway has escaped is repaired by a redirect, and the log has no token', async () => {
  const server = await startServer()
  for (const [path, location] of [
    ['/reset%23token=TOKEN', 'reset#token=TOKEN'],
    ['/reset%23token%3DTOKEN', 'reset#token=TOKEN'],
    ['/undo%2523token%253DTOKEN', 'undo#token=TOKEN'],
    ['/reset?lang=ru%23token=TOKEN', 'reset?lang=ru#token=TOKEN'],
    ['/not_me?lang=ru%23token%3DTOKEN&utm_source=mail', 'not_me?lang=ru#token=TOKEN'],
    ['/verify?utm_source=a%20b&lang=en%23token=TOKEN', 'verify?lang=en#token=TOKEN'],
    ['/auth/confirm%23token=TOKEN', 'confirm#token=TOKEN'],
    ['/reset?lang=//evil.example%23token=TOKEN', 'reset#token=TOKEN'],
    ['/reset?lang=ru%23', 'reset?lang=ru'],
  ] as const) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(server.url + path.replace('TOKEN', TOKEN), { method, redirect: 'manual' })
      assert.equal(answer.status, 302, path)
      assert.equal(answer.headers.get('location'), location.replace('TOKEN', TOKEN))
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
      assert.equal(answer.headers.get('cache-control'), 'no-store')
    }
  }
  assert.equal((await server.get('/nothing%23token=x')).status, 404)
  assert.ok(server.logs.some(({ path }) => path === '/undo'))
  assert.doesNotMatch(JSON.stringify(server.logs), /token=|token%|q0-_4Ke|%23|%2523/)
})

const LINK = `https://auth.acme.example/undo?lang=en#token=${TOKEN}`
const escaped = encodeURIComponent(LINK)
const afterProofpoint2 = (url: string) =>
  url
    .replaceAll('-', '-2D')
    .replaceAll('_', '-5F')
    .replaceAll(/[%:?=#&]/g, (sign) => `-${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('/', '_')
const safeLink = (url: string) =>
  `https://eur01.safelinks.protection.outlook.com/?url=${url}&data=05%7C02%7Cann%40acme.example%7C0&sdata=k%2Fq%3D&reserved=0`
const PASTED = {
  plain: LINK,
  'with words around': ` <${LINK}>, as in the mail `,
  'the escaped fragment': LINK.replace('#', '%23'),
  'an escaped equals sign': LINK.replace('#token=', '%23token%3D'),
  'Safe Links': safeLink(escaped),
  'Safe Links twice': safeLink(encodeURIComponent(safeLink(escaped))),
  'Safe Links, escaped twice': safeLink(encodeURIComponent(escaped)),
  'Proofpoint v2': `https://urldefense.proofpoint.com/v2/url?u=${afterProofpoint2(LINK)}&d=DwMFaQ&c=euGZ-C3AaR&r=Zj-FFq-E0A1&m=x-99&s=y-C3&e=`,
  'Proofpoint v2 of Safe Links': `https://urldefense.proofpoint.com/v2/url?u=${afterProofpoint2(safeLink(escaped))}&d=DwMFaQ&c=euGZ-C3AaR&e=`,
  'Proofpoint v3': `https://urldefense.com/v3/__${LINK.replace('#', '*')}__;Iw!!Fr9-2aQ!k3-C3q_x$`,
  'Proofpoint v3 of Safe Links': `https://urldefense.com/v3/__${safeLink(escaped).replaceAll('%', '*')}__;JSUl!!Fr9-2aQ!k3-C3q$`,
  Barracuda: `https://linkprotect.cudasvc.com/url?a=${escaped.toLowerCase().replace(TOKEN.toLowerCase(), TOKEN)}&c=E,1,k3-C3&typo=1`,
}

test('a link is read where it is pasted, also as gateways rewrite it', { skip }, async () => {
  const server = await startServer()
  const page = await (await openBrowser()).newPage()
  await page.goto(`${server.url}/undo?lang=en`)
  const label = await page.getByText('To continue, type').textContent()
  await page.getByLabel('To continue').fill(label?.match(/\d{3}/)?.[0] ?? '')
  for (const [name, text] of Object.entries(PASTED)) {
    await page.getByLabel('Paste the link').fill(text)
    const sent = page.waitForRequest('**/undo', { timeout: 2000 }).catch(() => assert.fail(`${name} is not read`))
    await page.getByRole('button').click()
    assert.deepEqual((await sent).postDataJSON(), { token: TOKEN }, name)
    await page.locator('form button:enabled').waitFor()
  }
})
