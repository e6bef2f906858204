import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request as forward, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { freePort } from '../../harness/free-port.ts'
import { folderOf, printed } from '../../server/test/clients/recipe.ts'
import { listen } from '../../server/test/clients/stage.ts'
import { launchBrowser, noBrowser } from '../../server/test/support/browser.ts'
import { startServer, type TestServer } from '../../server/test/support/server.ts'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'

const PAGE = 'clients/server-rendering.md'
const SETTINGS = { COOKIE_SAME_SITE: 'lax', TRUSTED_PROXIES: '127.0.0.1,::1' }

/** Bundles a printed file with the package's source. Returns the path of the module. */
async function compile(name: string): Promise<string> {
  const folder = folderOf({ 'entry.ts': printed(PAGE, name) })
  const outfile = join(folder, 'bundle.mjs')
  const alias = { 'tessera-client/server': join(import.meta.dirname, '../src/server/server-client.ts') }
  await build({
    entryPoints: [join(folder, 'entry.ts')],
    outfile,
    alias,
    bundle: true,
    format: 'esm',
    platform: 'node',
  })
  return outfile
}

/** Starts the printed server in a process of its own. Returns its address. */
async function startNode(tessera: string): Promise<string> {
  const port = await freePort()
  const environment = { PATH: process.env['PATH'] ?? '', TESSERA_URL: tessera, PORT: `${port}` }
  const child = spawn(process.execPath, [await compile('server.ts')], { env: environment, stdio: 'inherit' })
  after(() => void child.kill())
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => null))) await sleep(50)
  return url
}

interface SvelteEvent {
  request: Request
  locals: { user?: { email: string } | null; accessToken?: string | null }
  getClientAddress(): string
}
type Handle = (input: { event: SvelteEvent; resolve(event: SvelteEvent): Promise<Response> }) => Promise<Response>

/** Calls the printed `handle` for each request, and renders the user that it leaves in `locals`. */
async function startSvelteKit(tessera: string): Promise<string> {
  process.env['TESSERA_URL'] = tessera
  const { handle }: { handle: Handle } = await import(pathToFileURL(await compile('src/hooks.server.ts')).href)
  return listen(async ({ headers, url = '/' }, outgoing) => {
    const request = new Request(`http://localhost${url}`, { headers: { cookie: headers.cookie ?? '' } })
    const event = { request, locals: {}, getClientAddress: () => String(headers['x-forwarded-for']) }
    const html = { 'content-type': 'text/html' }
    const resolve = async ({ locals }: SvelteEvent) =>
      new Response(`<!doctype html><title>${locals.user?.email ?? 'Welcome'}</title>`, { headers: html })
    const response = await handle({ event, resolve })
    outgoing.setHeaders(response.headers)
    outgoing.end(await response.text())
  })
}

/** The web server in front of the application: it passes Tessera's paths on to Tessera. */
function gateway(server: TestServer, application: string): RequestListener {
  return (incoming, outgoing) => {
    const { url: path = '/', method, headers, socket } = incoming
    const target = path.startsWith('/api/v1/') ? server.url : application
    const forwarded = { ...headers, 'x-forwarded-for': socket.remoteAddress ?? '' }
    const onward = forward(target + path, { method, headers: forwarded }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => socket.destroy())
    incoming.pipe(onward)
  }
}

const browser = noBrowser ? null : await launchBrowser()
const WAYS = { SvelteKit: startSvelteKit, 'Node.js': startNode }

for (const [name, startApplication] of Object.entries(WAYS))
  test(`the way for ${name} renders for the user, from a mail too, and hands new cookies on`, {
    skip: noBrowser,
  }, async () => {
    const server = await startServer(SETTINGS)
    const url = await listen(gateway(server, await startApplication(server.url)))
    const { email } = await signUp(server)
    const profile = (await browser?.newContext()) ?? assert.fail()
    const page = await profile.newPage()
    const cookie = async () => (await profile.cookies()).find((each) => each.name === '__Host-tessera_refresh')?.value

    await page.goto(url)
    assert.equal(await page.title(), 'Welcome')
    const init = `{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(${JSON.stringify({ email, password: PASSWORD, cookie: true })}) }`
    assert.equal(await page.evaluate(`fetch('/api/v1/auth/login', ${init}).then(({ status }) => status)`), 200)
    const first = await cookie()
    server.advanceClock({ seconds: 43_200 })

    const mail = await listen((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><a href="${url}">to the app</a>`),
    )
    await page.goto(mail.replace('localhost', 'mail.example'))
    await page.click('a')
    await page.waitForURL(`${url}/`)
    assert.equal(await page.title(), email)
    const second = await cookie()
    assert.ok(second && second !== first)

    server.advanceClock({ seconds: 31 })
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => fetch(url, { headers: { cookie: `__Host-tessera_refresh=${second}` } })),
    )
    for (const answer of answers) {
      assert.ok((await answer.text()).includes(email))
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
      assert.equal(answer.headers.getSetCookie().length, 1)
    }
    // No answer of those reached the browser.
    server.advanceClock({ seconds: 86_400 })
    await page.reload()
    assert.equal(await page.title(), email)

    await server.close()
    assert.equal((await page.reload())?.status(), 200)
    assert.equal(await page.title(), 'Welcome')
  })

test('the way for Next is the file of the example', () => {
  const example = join(import.meta.dirname, '../../examples/next/proxy.js')
  assert.equal(printed(PAGE, 'proxy.js'), readFileSync(example, 'utf8'))
})
