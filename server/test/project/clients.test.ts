import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { PASSWORD, signUp } from '../support/users.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/clients.md'), 'utf8')

function example(name: string): string {
  const [, code = ''] = new RegExp(`\`\`\`js ${name}\\n(.*?)\`\`\``, 's').exec(page) ?? []
  assert.ok(code, name)
  return code
}

interface Kept {
  access_token: string
  refresh_token: string
  key: string
}

interface AxiosClient {
  api: { get(path: string): Promise<{ status: number; data: { user: { email: string } } }> }
  login(email: string, password: string): Promise<{ email: string }>
  logout(): Promise<void>
}

async function axiosClient(server: Pick<TestServer, 'url'>, store: { value: Kept | null }): Promise<AxiosClient> {
  // Beside the tests, so that it finds the package.
  const file = join(import.meta.dirname, `../support/.client-${process.pid}.mjs`)
  writeFileSync(file, example('axios'))
  after(() => rmSync(file, { force: true }))
  const { createClient } = await import(file)
  return createClient(server.url, { get: () => store.value, set: (value: Kept | null) => (store.value = value) })
}

test('the axios client refreshes once for many calls, survives a lost answer, and logs out', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const { email } = await signUp(server)
  const store: { value: Kept | null } = { value: null }
  const { api, login, logout } = await axiosClient(server, store)
  assert.equal((await login(email, PASSWORD)).email, email)
  server.advanceClock({ seconds: 901 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('/api/v1/auth/me')))
  for (const { data } of answers) assert.equal(data.user.email, email)
  const rows = await server.rows<{ generation: number }>(sql`select max(generation) as generation from refresh_tokens`)
  assert.equal(rows[0]?.generation, 1, 'five calls made one refresh')
  // The answer to a refresh is lost, with the process: the same token and key are found in the store.
  const before = store.value
  server.advanceClock({ seconds: 901 })
  await api.get('/api/v1/auth/me')
  store.value = before
  server.advanceClock({ seconds: 3600 })
  assert.equal((await api.get('/api/v1/auth/me')).status, 200)
  await logout()
  assert.equal(store.value, null)
  await assert.rejects(api.get('/api/v1/auth/me'), /401/)
})

test('the axios client keeps its token while the server cannot be reached', async () => {
  const server = await startServer()
  const { email } = await signUp(server)
  const store: { value: Kept | null } = { value: null }
  const { api, login } = await axiosClient(server, store)
  await login(email, PASSWORD)
  await server.close()
  await assert.rejects(api.get('/api/v1/auth/me'))
  assert.ok(store.value)
})

test('the page with fetch signs in, survives a reload, refreshes once for many calls, and logs out', {
  skip: noBrowser,
}, async () => {
  const server = await startServer({ COOKIE_MODE: 'on' })
  const { email } = await signUp(server)
  const script = example('fetch').replace('http://localhost:3000', server.url.replace('127.0.0.1', 'localhost'))
  const site = createServer((request, response) => {
    if (request.url === '/auth.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>')
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
  after(() => site.close())
  const browser = await openBrowser()
  const tab = await browser.newPage()
  await tab.goto(`http://localhost:${(site.address() as AddressInfo).port}`)
  const run = (code: string) => tab.evaluate(`(async () => { const auth = await import('/auth.js'); ${code} })()`)
  const me = `${server.url.replace('127.0.0.1', 'localhost')}/api/v1/auth/me`
  const readMe = `return (await (await auth.request('${me}')).json()).user.email`

  assert.equal(await run('return auth.refresh()'), false, 'no user is signed in at first')
  assert.equal(await run(`return (await auth.login('${email}', '${PASSWORD}')).email`), email)
  await assert.rejects(run(`return auth.login('${email}', 'wrong')`), /Invalid email or password/)
  await tab.reload()
  assert.equal(await run(readMe), email, 'after a reload')
  server.advanceClock({ seconds: 901 })
  const emails = await run(`return Promise.all([1, 2, 3].map(async () => { ${readMe} }))`)
  assert.deepEqual(emails, [email, email, email])
  await run('return auth.logout()')
  await assert.rejects(run(readMe), /Please sign in/)
})
