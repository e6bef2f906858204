import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logInNewUser, me, refresh } from '../support/users.ts'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const port = await freePort()
const url = `http://127.0.0.1:${port}/metrics`
const server = await startServer({ METRICS_PORT: `${port}`, REFRESH_TOKEN_ROTATION: 'strict' })
const tessera = tesseraCli(server)

test('tessera status shows the figures of a running server, for people and as JSON', async () => {
  const login = await logInNewUser(server)
  await refresh(server, login.refresh_token)
  await me(server, 'x')
  const [status] = parseJsonLines((await tessera(`status --url ${url} --json`)).output)
  assert.deepEqual([status.version, status.ready, status.database_up], ['0.0.0', true, true])
  assert.deepEqual([status.logins, status.refreshes], [{ succeeded: 1 }, { rotated: 1 }])
  assert.deepEqual([status.requests, status.sessions_opened, status.tokens_refused], [4, 1, 1])
  const { output } = await tessera(`status --url ${url}`)
  assert.match(output, /^state +active: ready for traffic$/m)
  assert.match(output, /^logins +succeeded 1$/m)
  assert.match(output, /^refreshes +rotated 1$/m)
})

test('tessera status says what it lacks', async () => {
  const other = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  after(() => other.close())
  const refused: [string, RegExp][] = [
    ['status', /METRICS_PORT is not set/],
    [`status --url http://127.0.0.1:${(other.address() as AddressInfo).port}/`, /has no metrics of Tessera/],
    [`status --url http://127.0.0.1:${port}/other`, /answers 404/],
    [`status --url http://127.0.0.1:${await freePort()}/metrics`, /does not answer: .*ECONNREFUSED/],
  ]
  for (const [line, message] of refused) {
    const { code, output } = await tessera(line)
    assert.equal(code, 1, line)
    assert.match(output, message)
  }
})
