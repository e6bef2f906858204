import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { findMails, insertMail } from '../../src/storage/notice/outbox.ts'
import { send, startServer, type TestServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const BROWSER = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
const SECRET = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'

async function insertWarning(server: TestServer, userAgent = 'curl/8'): Promise<number> {
  const { id: user_id } = await signUp(server)
  const data = { session_id: '', ip: '198.51.100.7', user_agent: userAgent, at: '2026-11-20T10:00:00.000Z' }
  const mail = { user_id, kind: 'refresh_token_reused', data, dedupe_key: `mail of ${user_id}` } as const
  await insertMail(server.ctx.db, mail, new Date())
  const [newest] = await findMails(server.ctx.db, { state: null, afterId: 0, limit: 1 })
  return newest?.id ?? 0
}

test('the front page is three lines of JSON for a program and a page with working links for a browser', async () => {
  const server = await startServer()
  const program = await server.get('/')
  assert.equal(program.text.trim().split('\n').length, 3)
  assert.deepEqual(program.body, { name: 'Tessera', docs: '/docs', openapi: '/openapi.json', health: '/health' })
  const { headers, text } = await server.get('/', BROWSER)
  assert.match(headers.get('content-type') ?? '', /^text\/html/)
  assert.equal(headers.get('vary'), 'Accept')
  for (const [, path = ''] of text.matchAll(/href="(\/[^"]*)"/g)) {
    assert.equal((await server.get(path, BROWSER)).status, 200, path)
  }
  for (const path of ['/docs', '/openapi.json', '/health', '/dev/mail'])
    assert.ok(text.includes(`href="${path}"`), path)
})

test('pages load nothing from elsewhere, and their policy allows only the style and the script that they include', async () => {
  const server = await startServer()
  const id = await insertWarning(server)
  const source = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  for (const path of ['/', '/dev/mail', `/dev/mail/${id}`, '/nothing']) {
    const { headers, text } = await server.get(path, BROWSER)
    const policy = headers.get('content-security-policy') ?? ''
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(text) ?? []
    const scripts = [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, script = '']) => source(script))
    assert.ok(policy.includes(`style-src ${source(style)};`), path)
    assert.deepEqual(/script-src ([^;]*)/.exec(policy)?.slice(1) ?? [], scripts, path)
    assert.equal(scripts.length, path === '/' ? 1 : 0, path)
    assert.match(policy, /^default-src 'none'/)
    assert.doesNotMatch(policy, /unsafe/)
    assert.doesNotMatch(
      text,
      /<(script|link)[^>]* (src|href)="(?!data:)|https?:\/\/(?!127\.0\.0\.1|localhost|www\.w3\.org)| style="/,
    )
  }
})

test('the API page and its files come from this server, compressed for clients that accept it', async () => {
  const server = await startServer()
  const { text, headers } = await server.get('/docs', BROWSER)
  assert.match(
    headers.get('content-security-policy') ?? '',
    /^default-src 'none'.*script-src 'self'; .*connect-src 'self'/,
  )
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address)
  assert.ok(loaded.length >= 6)
  for (const address of loaded.filter((each) => !each.startsWith('data:image/'))) {
    assert.match(address, /^\/(?!\/)/)
    const answer = await server.get(address, { headers: { 'accept-encoding': 'identity' } })
    assert.equal(answer.status, 200, address)
    if (!address.startsWith('/docs/')) continue
    const compressed = await server.get(address)
    assert.equal(compressed.headers.get('content-encoding'), 'gzip')
    assert.equal(compressed.text, answer.text)
    const etag = answer.headers.get('etag') ?? ''
    assert.equal((await server.get(address, { headers: { 'if-none-match': etag } })).status, 304)
  }
  for (const path of ['/docs/x.js', '/docs/__proto__', '/docs/..%2fpackage.json']) {
    assert.equal((await server.get(path)).status, 404, path)
  }
})

test('the mailbox of a development server lists mails and shows each as it would be sent', async () => {
  const server = await startServer()
  assert.deepEqual((await server.get('/dev/mail')).body, { mails: [] })
  assert.match((await server.get('/dev/mail', BROWSER)).text, /No mails yet/)
  const id = await insertWarning(server, '<script>alert(1)</script>')
  assert.match(
    (await server.get('/dev/mail', BROWSER)).text,
    new RegExp(`href="/dev/mail/${id}"><strong lang="en">Your session at Tessera was ended<`),
  )
  const shown = await server.get(`/dev/mail/${id}`, BROWSER)
  assert.ok(shown.text.includes(`src="/dev/mail/${id}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"`))
  const body = await server.get(`/dev/mail/${id}/html`)
  assert.match(
    body.headers.get('content-security-policy') ?? '',
    /; sandbox allow-popups allow-popups-to-escape-sandbox$/,
  )
  for (const { text } of [shown, body]) {
    assert.doesNotMatch(text, /<script/)
    assert.doesNotMatch(text, /alert\(1\)/)
  }
  assert.match((await server.get(`/dev/mail/${id}`)).body.text, /198\.51\.100\.7/)
  for (const path of ['/dev/mail/0', '/dev/mail/x', '/dev/mail/999', '/dev/mail/999/html']) {
    assert.equal((await server.get(path)).status, 404, path)
  }
})

test('the mailbox is hidden from other addresses, with a mail server and in production', async () => {
  const settings: Record<string, string>[] = [
    { DEMO_FROM: '192.0.2.1' },
    { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'a@b.example' },
    { NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, HOST: '127.0.0.1', REQUIRE_HTTPS: 'off' },
  ]
  for (const setting of settings) {
    const server = await startServer(setting)
    const id = await insertWarning(server)
    const paths = ['/dev/mail', `/dev/mail/${id}`, `/dev/mail/${id}/html`]
    const unknown = (await server.get('/unknown', BROWSER)).text
    for (const path of paths) {
      const answer = await server.get(path, BROWSER)
      assert.deepEqual([answer.status, answer.text], [404, unknown])
    }
    assert.doesNotMatch((await server.get('/', BROWSER)).text, /\/dev\/mail/)
  }
  const production = await startServer(settings[2])
  assert.doesNotMatch((await production.get('/', BROWSER)).text, /password123/)
  const forwarded = { headers: { 'x-forwarded-for': '127.0.0.1' } }
  const strict = await startServer({ DEMO_FROM: '192.0.2.1' })
  assert.equal((await send(`${strict.url}/dev/mail`, {}, forwarded)).status, 404)
})

test('each page has the content security policy it needs and no wider one', async () => {
  const server = await startServer()
  const id = await insertWarning(server)
  const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; "
  const plain = `${nothing}style-src 'sha256-…'; img-src data:; frame-ancestors 'none'`
  const policies = {
    '/': `${nothing}style-src 'sha256-…'; script-src 'sha256-…'; img-src data:; frame-ancestors 'none'`,
    '/nothing': plain,
    '/dev/mail': plain,
    [`/dev/mail/${id}`]: `${nothing}frame-src 'self'; style-src 'sha256-…'; img-src data:; frame-ancestors 'none'`,
    [`/dev/mail/${id}/html`]: `${nothing}style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox`,
    '/docs': `${nothing}script-src 'self'; style-src 'sha256-…' 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'`,
  }
  for (const [path, policy] of Object.entries(policies)) {
    const { headers } = await server.get(path, BROWSER)
    assert.equal(headers.get('content-security-policy')?.replaceAll(/sha256-[^']+/g, 'sha256-…'), policy, path)
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  }
})

test('a client gets HTML only if it prefers HTML to JSON', async () => {
  const server = await startServer()
  const wanted: Record<string, string> = {
    'text/html': 'text/html',
    'TEXT/HTML': 'text/html',
    'text/html;q=0.9, application/json;q=0.5': 'text/html',
    'application/json, text/html;q=0.5': 'application/json',
    'text/html;q=0, */*': 'application/json',
    '*/*': 'application/json',
    'image/png': 'application/json',
  }
  for (const [accept, type] of Object.entries(wanted)) {
    const { headers } = await server.get('/', { headers: { accept } })
    assert.ok(headers.get('content-type')?.startsWith(type), accept)
  }
})

test('in production the pages that describe the API are unknown paths, unless API_PAGES is on', async () => {
  const settings = { NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, HOST: '127.0.0.1', REQUIRE_HTTPS: 'off' }
  const [hidden, shown] = [await startServer(settings), await startServer({ ...settings, API_PAGES: 'on' })]
  const [page, unknown] = [await hidden.get('/nothing', BROWSER), await hidden.get('/nothing')]
  for (const path of ['/', '/docs', '/docs/', '/openapi.json', '/docs/docs.css', '/docs/swagger-ui-bundle.js']) {
    const shownToBrowser = await hidden.get(path, BROWSER)
    assert.deepEqual([shownToBrowser.status, shownToBrowser.text], [404, page.text], path)
    const answers = [await hidden.get(path), await hidden.post(path, {}), await hidden.delete(path)]
    for (const { status, text } of answers) assert.deepEqual([status, text], [404, unknown.text], path)
    assert.equal((await shown.get(path, BROWSER)).status, 200, path)
  }
  assert.equal((await hidden.post('/dev/mail', {})).status, 404)
})
