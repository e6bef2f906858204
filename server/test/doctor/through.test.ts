import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { freePort } from '../../../harness/free-port.ts'
import { runChecks } from '../../src/cli/doctor/check.ts'
import { withSubject } from '../../src/cli/doctor/subject.ts'
import { throughChecks } from '../../src/cli/doctor/through.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { runToEnd } from '../support/server-process.ts'

const PUBLIC_URL = 'https://auth.acme.example'

/** Asks a server, and returns the verdicts by id. */
async function ask(url: string, settings: Record<string, string>, plainPort = 80): Promise<Record<string, string>> {
  const checks = throughChecks({ url: new URL(url), plainPort })
  const results = await withSubject(settings, (subject) => runChecks(checks, subject))
  return Object.fromEntries(results.map(({ id, verdict }) => [id.replace('through.', ''), verdict]))
}

const settingsOf = ({ databaseUrl }: TestServer) => ({ DATABASE_URL: databaseUrl })

/** Starts a proxy that changes answers. */
async function startProxy(target: string, change: (headers: IncomingMessage['headers']) => void): Promise<string> {
  const proxy: Server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, headers, url = '' } = incoming
    const passed = request(target + url, { method: method ?? 'GET', headers }, (answer) => {
      change(answer.headers)
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  after(() => proxy.close())
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

test('a sound server has no finding from outside', async () => {
  const server = await startServer()
  const found = await ask(server.url, settingsOf(server))
  assert.deepEqual([...new Set(Object.values(found))], ['ok'], JSON.stringify(found))
  assert.equal(found['forwarded-for'], 'ok')
  const { code, output } = await runToEnd(['doctor', '--through', server.url], { environment: settingsOf(server) })
  assert.equal(code, 0, output)
  assert.doesNotMatch(output, /through\./)
})

test('a server that does not answer is one error', async () => {
  const server = await startServer()
  const found = await ask(`http://127.0.0.1:${await freePort()}`, settingsOf(server))
  assert.equal(found['reachable'], 'error')
  assert.deepEqual(
    Object.values(found).filter((verdict) => verdict === 'error'),
    ['error'],
  )
})

test('a forged address that is believed is an error, and no verdict from a machine that is a trusted proxy', async () => {
  const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1' })
  const elsewhere = await ask(server.url, settingsOf(server))
  assert.equal(elsewhere['forwarded-for'], 'error')
  const onProxy = await ask(server.url, { ...settingsOf(server), TRUSTED_PROXIES: '127.0.0.1' })
  assert.equal(onProxy['forwarded-for'], 'warning')
})

test('a server of another database gives no verdict on addresses', async () => {
  const [server, other] = [await startServer(), await startServer()]
  assert.equal((await ask(server.url, settingsOf(other)))['forwarded-for'], 'skipped')
})

test('a proxy is found that removes headers, and so is another issuer', async () => {
  const server = await startServer({ PUBLIC_URL, JWT_ALGORITHM: 'ES256' })
  const url = await startProxy(server.url, (headers) => {
    delete headers['cache-control']
    delete headers['content-security-policy']
  })
  const found = await ask(url, { ...settingsOf(server), PUBLIC_URL: 'https://other.acme.example' })
  const expected = { 'no-store': 'error', 'security-headers': 'warning', issuer: 'error', 'public-url': 'warning' }
  for (const [id, verdict] of Object.entries(expected)) assert.equal(found[id], verdict, id)
})

test('plain HTTP beside HTTPS is found, unless it leads to HTTPS, and HTTPS is asked for', async () => {
  const server = await startServer()
  const port = Number(new URL(server.url).port)
  const open = await ask('https://127.0.0.1:1', settingsOf(server), port)
  assert.deepEqual([open['plain-http'], open['hsts'], open['reachable']], ['error', 'skipped', 'error'])
  const closed = await ask('https://127.0.0.1:1', settingsOf(server), await freePort())
  assert.equal(closed['plain-http'], 'ok')
  assert.equal((await ask('http://auth.invalid', settingsOf(server)))['https'], 'error')
})
