import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/observe/metric-definitions.ts'
import { startServer } from '../support/server.ts'
import { logInNewUser, me, refresh } from '../support/users.ts'

const KEY = 'm'.repeat(40)
const SERVICES = `prometheus:metrics:${KEY},orders:introspect:${'o'.repeat(40)}`

/** Finds a figure by the name and labels of its line. */
function figure(page: string, line: string): number | null {
  const found = page.split('\n').find((each) => each.startsWith(`${line} `))
  return found === undefined ? null : Number(found.split(' ').at(-1))
}

test('metrics are 404 on the public port, but for a service key of the scope', async () => {
  const server = await startServer({ SERVICE_KEYS: SERVICES })
  for (const bearer of [undefined, 'x', 'o'.repeat(40)]) {
    const answer = await server.get('/metrics', bearer === undefined ? {} : { bearer })
    assert.equal(answer.status, 404)
    assert.deepEqual(answer.body, { error: { message: 'Not found', details: {} } })
  }
  assert.equal((await server.post('/metrics', {}, {})).status, 404, 'its methods are not told either')
  const { status, headers, text } = await server.get('/metrics', { bearer: KEY })
  assert.equal(status, 200)
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(figure(text, 'tessera_ready'), 1)
  const plain = await startServer()
  assert.equal((await plain.get('/metrics', { bearer: KEY })).status, 404)
})

test('requests are measured by route, method and status, and nothing that a client chooses is a label', async () => {
  const server = await startServer({ SERVICE_KEYS: SERVICES })
  const login = await logInNewUser(server)
  await me(server, login.access_token)
  await refresh(server, login.refresh_token)
  for (const path of ['/a-path-of-mine', '/api/v1/auth/sessions/0198c2f4-7a3b-7c4d-8e5f-6a7b8c9d0e1f'])
    await server.get(path, { bearer: login.access_token })
  const { text } = await server.get('/metrics', { bearer: KEY })
  const requests = (labels: string) => figure(text, `tessera_http_request_duration_seconds_count{${labels}}`)
  assert.equal(requests('route="/api/v1/auth/me",method="GET",status="200"'), 1)
  assert.equal(requests('route="none",method="GET",status="404"'), 1)
  assert.equal(requests('route="/api/v1/auth/sessions/:id",method="GET",status="404"'), 1)
  for (const secret of ['a-path-of-mine', '0198c2f4', login.user.email, login.user.guid, '127.0.0.1'])
    assert.ok(!text.includes(secret), secret)
  assert.match(text, /tessera_database_statement_duration_seconds_count\{statement="select_sessions"\} [1-9]/)
  assert.match(text, /tessera_hash_duration_seconds_count\{lane="password",algorithm="bcrypt"\} [1-9]/)
  assert.equal(figure(text, 'tessera_hash_queue_length{lane="password"}'), 0)
  assert.equal(figure(text, 'tessera_schema_migrations{state="pending"}'), 0)
})

test('metrics have a port of their own, which answers nothing else; a port that is taken stops the start', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  await assert.rejects(
    startServer({ METRICS_PORT: `${port}` }),
    /^ConfigError: METRICS_PORT cannot be listened on: .*EADDRINUSE/,
  )
  await new Promise((resolve) => taken.close(resolve))

  const server = await startServer({ METRICS_PORT: `${port}` })
  const at = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  const page = await at('/metrics')
  assert.equal(page.status, 200)
  assert.match(await page.text(), /^# HELP tessera_/m)
  assert.equal((await at('/metrics', { method: 'POST' })).status, 405)
  for (const path of ['/', '/health', '/api/v1/auth/me', '/metrics/x']) assert.equal((await at(path)).status, 404, path)
  assert.equal((await server.get('/metrics')).status, 404)
})

test('docs/metrics.md lists every metric with its labels, and no other', () => {
  const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  const listed = [...document.matchAll(/^\| `(tessera_\w+)` \| (.*?) \|/gm)].map(([, name, labels = '']) => [
    name,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  ])
  const defined = [COUNTERS, HISTOGRAMS, GAUGES].flatMap((group) =>
    Object.entries(group).map(([name, { labels }]) => [name, Object.keys(labels)]),
  )
  assert.deepEqual(listed, defined)
})
