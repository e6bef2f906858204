import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { TcpProxy } from '../../../harness/tcp-proxy.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { emptyDatabaseUrl, onPostgres } from '../support/test-database.ts'
import { issuePair, logInNewUser, logOut, refresh, refreshPair } from '../support/users.ts'
import { counters, SERVICES } from './figures.ts'

const REFRESHES = 'tessera_refreshes_total'
const DAY_SECONDS = 86_400

/** Runs the requests, and returns the counters that they moved. */
async function moved(server: TestServer, run: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await counters(server, REFRESHES)
  await run()
  const after = await counters(server, REFRESHES)
  const growth = Object.entries(after).map(([labels, value]) => [labels, value - (before[labels] ?? 0)] as const)
  return Object.fromEntries(growth.filter(([, value]) => value > 0))
}

const strict = await startServer({ ...SERVICES, REFRESH_TOKEN_ROTATION: 'strict' })

async function rotated(server: TestServer, token: string, key?: string): Promise<string> {
  const answer = await refresh(server, token, key)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.refresh_token
}

test('each refresh counts once, with the line that decided it', async () => {
  const login = await logInNewUser(strict)
  const [first, key] = [login.refresh_token, randomUUID()]
  const once = (outcome: string, kind = 'login') => ({ [`kind=${kind},outcome=${outcome}`]: 1 })

  let second = ''
  assert.deepEqual(
    await moved(strict, async () => {
      second = await rotated(strict, first, key)
    }),
    once('rotated'),
  )
  assert.deepEqual(await moved(strict, () => refresh(strict, first, key)), once('repeated_by_key'))
  assert.deepEqual(await moved(strict, () => refresh(strict, first)), once('repeated_in_window'))
  strict.advanceClock({ seconds: 60 })
  const answer = await refresh(strict, second)
  const attempt = answer.headers.get('tessera-attempt') ?? ''
  assert.deepEqual(await moved(strict, () => refresh(strict, answer.body.refresh_token, attempt)), once('kept'))
  strict.advanceClock({ seconds: 60 })
  await rotated(strict, answer.body.refresh_token)
  assert.deepEqual(await moved(strict, () => refresh(strict, second)), once('reused_old'))
  assert.deepEqual(await moved(strict, () => refresh(strict, second)), once('ended'))

  const late = await logInNewUser(strict)
  await rotated(strict, late.refresh_token)
  strict.advanceClock({ seconds: 60 })
  assert.deepEqual(await moved(strict, () => refresh(strict, late.refresh_token)), once('reused_late'))

  const lost = await logInNewUser(strict)
  await strict.rows(
    sql`update refresh_tokens set token_digest = ${'lost'} where user_id = ${lost.user.id} returning id`,
  )
  assert.deepEqual(await moved(strict, () => refresh(strict, lost.refresh_token)), once('rolled_back'))

  const out = await logInNewUser(strict)
  await logOut(strict, out.refresh_token)
  assert.deepEqual(await moved(strict, () => refresh(strict, out.refresh_token)), once('ended'))

  const old = await logInNewUser(strict)
  strict.advanceClock({ seconds: 8 * DAY_SECONDS })
  assert.deepEqual(await moved(strict, () => refresh(strict, old.refresh_token)), once('expired'))

  const [one, other] = [await issuePair(strict), await issuePair(strict)]
  const mixed = { access_token: one.access_token, refresh_token: other.refresh_token }
  assert.deepEqual(await moved(strict, () => refreshPair(strict, mixed)), once('mismatched', 'pair'))
  assert.deepEqual(await moved(strict, () => refreshPair(strict, one)), once('rotated', 'pair'))
  assert.deepEqual(await moved(strict, () => refresh(strict, other.refresh_token)), once('unknown'))
  assert.deepEqual(await moved(strict, () => refresh(strict, 'garbage')), once('unknown', 'unknown'))
  assert.deepEqual(await moved(strict, () => strict.post('/api/v1/auth/refresh', {})), {})
})

test('refreshes that race each other count once each', async () => {
  const { refresh_token: token } = await logInNewUser(strict)
  const key = randomUUID()
  const found = await moved(strict, () => Promise.all(Array.from({ length: 20 }, () => refresh(strict, token, key))))
  assert.equal(found['kind=login,outcome=rotated'], 1)
  assert.equal(found['kind=login,outcome=repeated_by_key'], 19)
})

test('a successor that is offered counts as such', async () => {
  const server = await startServer({ ...SERVICES, REFRESH_TOKEN_ROTATION: 'adaptive' })
  const { refresh_token: first } = await logInNewUser(server)
  const found = await moved(server, async () => {
    await refresh(server, first)
    await refresh(server, first)
  })
  assert.deepEqual(found, { 'kind=login,outcome=offered': 2 })
})

test('a refresh that gets a 503 counts as busy', async () => {
  const url = await emptyDatabaseUrl()
  const proxy = onPostgres ? await proxyTo(new URL(url)) : null
  const server = await startServer({ ...SERVICES, DATABASE_URL: proxy?.url ?? url, REFRESH_TOKEN_ROTATION: 'strict' })
  const [{ refresh_token: token }, pair] = [await logInNewUser(server), await issuePair(server)]
  const release = proxy ? () => {} : lockFile(url)
  proxy?.cut()
  const away = await moved(server, async () => {
    const answers = await Promise.all([refresh(server, token), refreshPair(server, pair)])
    for (const { status } of answers) assert.equal(status, 503)
  })
  release()
  const levels = server.logs.filter(({ status }) => status === 503).map(({ level, outcome }) => [level, outcome])
  assert.deepEqual(levels, [
    [40, 'busy'],
    [40, 'busy'],
  ])
  assert.deepEqual(away, { 'kind=login,outcome=busy': 1, 'kind=pair,outcome=busy': 1 })
})

async function proxyTo(url: URL): Promise<{ url: string; cut: () => void }> {
  const proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).listen()
  after(() => proxy.close())
  url.port = String(proxy.port)
  return {
    url: url.href,
    cut() {
      proxy.mode = 'refuse'
      proxy.cut()
    },
  }
}

/** Locks a SQLite file for writing, as a command does for a moment. */
function lockFile(url: string): () => void {
  const other = new DatabaseSync(url.replace('sqlite:', ''))
  other.exec('begin immediate')
  return () => other.close()
}
