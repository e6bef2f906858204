import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from '../../server/test/support/server.ts'
import { createVerifier, type RevocationOptions } from '../src/create-verifier.ts'
import { Endings, MAX_ENDINGS } from '../src/revocations/endings.ts'
import { Freshness } from '../src/revocations/freshness.ts'
import { apps } from './support/apps.ts'
import { endingHash, type Issuer, seconds, startIssuer } from './support/issuer.ts'
import { assertRefused, until } from './support/refusal.ts'

const FEED = '/.well-known/revocations'

afterEach(() => mock.restoreAll())

/** Moves the wall clock that the age of the list is measured by. */
function advanceClock(): (seconds: number) => void {
  const [dateNow, start] = [Date.now, Date.now()]
  let shift = 0
  mock.method(Date, 'now', () => dateNow() + shift)
  assert.ok(Date.now() - start < 10_000)
  return (seconds) => {
    shift += seconds * 1000
  }
}

function follow(issuer: Issuer, revocations: RevocationOptions) {
  return createVerifier({ issuer: issuer.url, now: () => performance.timeOrigin + performance.now(), revocations })
}

const FAILURES: Record<string, (response: ServerResponse) => void> = {
  'a reset connection': (response) => response.destroy(),
  'a cut answer': (response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('ey', () => response.destroy())
  },
  '503': (response) => response.writeHead(503, { 'retry-after': '1' }).end(),
  '404': (response) => response.writeHead(404).end('{"error":{"message":"Not found","details":{}}}'),
  'a page': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in to the network</h1>'),
  'a redirect': (response) => response.writeHead(302, { location: 'https://evil.example/' }).end(),
  'five megabytes': (response) => response.writeHead(200).end('a'.repeat(5_000_000)),
  nothing: (response) => response.writeHead(200).end(),
}

test('whatever the list answers with, the policy decides, and the host does not fail', async () => {
  for (const [why, fail] of Object.entries(FAILURES)) {
    const issuer = await startIssuer()
    issuer.broken[FEED] = fail
    const accepting = follow(issuer, { mode: 'onDemand' })
    await accepting.verify(await issuer.sign())
    assert.equal(accepting.revocationStatus()?.stale, true, why)
    assert.ok(accepting.revocationStatus()?.lastError, why)
    await assertRefused(follow(issuer, { mode: 'onDemand', whenStale: 'reject' }), await issuer.sign(), 'stale', why)
  }
})

test('an answer of another form than described is not taken in part', async () => {
  const hash = endingHash('a session')
  const forms: object[] = [
    { sessions: {} },
    { sessions: [[hash]] },
    { sessions: [hash] },
    {
      sessions: [
        [hash, seconds()],
        ['too short', seconds()],
      ],
    },
    { subjects: [[hash, '1']] },
    { subjects: [[hash, 1.5]] },
    { keys: [7] },
    { sessions_before: 7 },
    { sessions_before: 'yesterday' },
    { lifetime: 0 },
    { lifetime: undefined },
    { cursor: 7 },
    { cursor: undefined },
    { iat: undefined },
    { iat: 'now' },
    { more: 'yes' },
  ]
  for (const changes of forms) {
    const issuer = await startIssuer()
    const signFeed = issuer.signFeed
    issuer.signFeed = (body) => signFeed({ ...body, ...changes })
    const verifier = follow(issuer, { mode: 'onDemand' })
    await verifier.verify(await issuer.sign())
    const { stale, endings, lastError } = verifier.revocationStatus() ?? {}
    assert.deepEqual([stale, endings], [true, 0], JSON.stringify(changes))
    assert.match(lastError ?? '', /not of its form/)
  }
})

for (const whenStale of ['accept', 'reject'] as const) {
  for (const [name, start] of Object.entries(apps)) {
    test(`${name}: with the list cut, ${whenStale} applies after the time set, and endings stay known`, async () => {
      const advance = advanceClock()
      const issuer = await startIssuer()
      const sid = randomUUID()
      issuer.endSession(sid)
      const url = await start(follow(issuer, { mode: 'onDemand', whenStale }))
      const get = (bearer: string) => send(`${url}/orders`, { method: 'GET' }, { bearer })
      const [alive, ended] = [await issuer.sign(), await issuer.sign({ sid })]
      assert.deepEqual([(await get(alive)).status, (await get(ended)).status], [200, 401])
      issuer.broken[FEED] = (response) => response.destroy()
      advance(20)
      assert.deepEqual([(await get(alive)).status, (await get(ended)).status], [200, 401])
      advance(20)
      const answer = await get(alive)
      assert.equal(answer.status, whenStale === 'accept' ? 200 : 503)
      if (whenStale === 'reject') assert.equal(answer.headers.get('retry-after'), '1')
      assert.equal((await get(ended)).status, 401)
      delete issuer.broken[FEED]
      issuer.feedShift = 40
      advance(6)
      assert.equal((await get(alive)).status, 200, 'and the list heals')
    })
  }
}

test('before the first answer a verification waits two seconds, and none after it does', async () => {
  const issuer = await startIssuer()
  issuer.broken[FEED] = () => {} // never answers
  const verifier = createVerifier({ issuer: issuer.url, revocations: { whenStale: 'reject' } })
  const token = await issuer.sign()
  await Promise.all([assertRefused(verifier, token, 'stale'), assertRefused(verifier, token, 'stale')])
  const timers = mock.method(globalThis, 'setTimeout')
  for (let index = 0; index < 20; index++) await assertRefused(verifier, token, 'stale')
  assert.equal(timers.mock.callCount(), 0)
  verifier.close()
})

test('the age of the list is that of its signed time: an old answer out of a cache counts as old', () => {
  const advance = advanceClock()
  const freshness = new Freshness(30)
  assert.equal(freshness.ageSeconds(), null)
  const age = () => Math.round(freshness.ageSeconds() ?? -1)
  freshness.add(1000)
  assert.equal(age(), 0, 'whatever the clock here says')
  for (let index = 0; index < 10; index++) {
    advance(10)
    freshness.add(1000)
  }
  assert.equal(age(), 100)
  freshness.add(1090)
  assert.equal(age(), 0, 'the time of before has been forgotten')
  advance(10)
  freshness.add(1100)
  advance(1)
  freshness.add(1040)
  assert.equal(age(), 1, 'a late answer makes nothing older or newer')
})

test('when the issuer’s clock goes back, the list is stale for a while and then fresh again', () => {
  const advance = advanceClock()
  const freshness = new Freshness(30)
  for (let index = 0; index < 100; index++) {
    freshness.add(10_000 + index)
    advance(1)
  }
  for (let index = 0; index < 65; index++) {
    freshness.add(5000 + index)
    advance(1)
  }
  assert.ok((freshness.ageSeconds() ?? 99) <= 2)
})

test('endings are kept until no token of before can live, and a list that does not fit is never cut in silence', () => {
  let now = 0
  mock.method(performance, 'now', () => now)
  const endings = new Endings()
  const body = { iat: 1, cursor: '1', lifetime: 900, subjects: [], keys: [], sessionsBefore: null, hasMore: false }
  const token = (sid: string) => {
    const claims = { sub: 'a', exp: 1, sid }
    return { claims, kid: 'k', session: endingHash(sid), subject: null, wasUsed: false }
  }
  endings.add({ ...body, sessions: [endingHash('first')] })
  now = 1_000_000
  endings.add({ ...body, lifetime: 60, sessions: [endingHash('second')] })
  assert.deepEqual([endings.isEnded(token('first')), endings.isEnded(token('second'))], [true, true])
  now = 1_021_000
  endings.add({ ...body, sessions: [] })
  assert.deepEqual([endings.isEnded(token('first')), endings.isEnded(token('second'))], [false, true])

  const many = Array.from({ length: MAX_ENDINGS }, (_, index) => index.toString(36).padStart(22, '-'))
  endings.add({ ...body, sessions: many })
  assert.deepEqual([endings.size, endings.isComplete], [MAX_ENDINGS, false])
  assert.equal(endings.isEnded(token('second')), true)
  now = 3_000_000
  endings.restart()
  endings.add({ ...body, sessions: [endingHash('third')] })
  assert.deepEqual([endings.size, endings.isComplete], [1, true])
})

test('a verifier keeps no process alive', async () => {
  for (const key of ['', "serviceKey: 'a key'"]) {
    const issuer = await startIssuer()
    const source = `
      import { createVerifier } from ${JSON.stringify(join(import.meta.dirname, '../src/create-verifier.ts'))}
      const verifier = createVerifier({ issuer: ${JSON.stringify(issuer.url)}, revocations: { ${key} } })
      const { sub } = await verifier.verify(${JSON.stringify(await issuer.sign({ sub: 'a user' }))})
      process.stdout.write(sub)
    `
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const [code] = await once(child, 'close')
    assert.deepEqual([code, output], [0, 'a user'])
    assert.equal(issuer.held.size, 0)
  }
})

test('a closed verifier asks no more', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, revocations: { serviceKey: 'a key' } })
  await verifier.verify(await issuer.sign())
  await until(() => issuer.held.size > 0)
  verifier.close()
  await until(() => issuer.held.size === 0)
  const asked = issuer.requests.length
  await sleep(300)
  assert.equal(issuer.requests.length, asked)
})
