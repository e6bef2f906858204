import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createVerifier, type RevocationOptions, type Verifier } from '../src/create-verifier.ts'
import { createKey, endingHash, type Issuer, seconds, signWith, startIssuer } from './support/issuer.ts'
import { assertRefused, until, untilRefused } from './support/refusal.ts'

const FEED = '/.well-known/revocations'
const SECRET = 'a secret that this service shares with the issuer'

const questions = (issuer: Issuer) => issuer.requests.filter(({ path }) => path === FEED)

function follow(issuer: Issuer, revocations: RevocationOptions = {}): Verifier {
  return createVerifier({ issuer: issuer.url, audience: 'orders', revocations })
}

test('an ended session is refused by all who follow, by polls and by a held question', async () => {
  const issuer = await startIssuer()
  const sid = randomUUID()
  const token = await issuer.sign({ sid })
  const verifiers = [follow(issuer), follow(issuer, { serviceKey: 'a key' })]
  for (const verifier of verifiers) await verifier.verify(token)
  await until(() => issuer.held.size === 1)
  const [asked] = questions(issuer).filter(({ query }) => query.has('wait'))
  assert.equal(asked?.authorization, 'Bearer a key')
  assert.equal(asked?.query.get('wait'), '15', 'the answer comes before the list could count as stale')
  issuer.endSession(sid)
  for (const verifier of verifiers) await untilRefused(verifier, token, 'ended')
  for (const verifier of verifiers) await verifier.verify(await issuer.sign())
  assert.ok(questions(issuer).every(({ authorization, query }) => authorization || !query.has('wait')))
  for (const verifier of verifiers) verifier.close()
})

test('a verifier that is started later, or again, knows every ending from its first verification on', async () => {
  const issuer = await startIssuer()
  issuer.pageSize = 3
  const tokens: string[] = []
  for (let index = 0; index < 10; index++) {
    const sid = randomUUID()
    tokens.push(await issuer.sign({ sid }))
    issuer.endSession(sid)
  }
  const verifier = follow(issuer)
  for (const token of tokens) await assertRefused(verifier, token, 'ended')
  assert.equal(verifier.revocationStatus()?.endings, 10)
  assert.deepEqual(
    questions(issuer)
      .slice(0, 4)
      .map(({ query }) => query.get('after')),
    [null, '3', '6', '9'],
  )
  verifier.close()
})

test('a subject’s tokens are refused below its least version; tokens without a version have none', async () => {
  const issuer = await startIssuer()
  const sub = randomUUID()
  issuer.feed.subjects = [[endingHash(sub), 3]]
  const verifier = follow(issuer)
  for (const ver of [undefined, 0, 2, -1]) await assertRefused(verifier, await issuer.sign({ sub, ver }), 'ended')
  for (const ver of [3, 4]) await verifier.verify(await issuer.sign({ sub, ver }))
  await verifier.verify(await issuer.sign({ ver: 0 }))
  verifier.close()
})

test('sessions below the bound have ended, and so has one whose id has no order', async () => {
  const issuer = await startIssuer()
  issuer.feed.sessions_before = '0199C000-0000-7000-8000-000000000000'
  const verifier = follow(issuer)
  for (const sid of ['0199bfff-ffff-7fff-bfff-ffffffffffff', randomUUID(), undefined, 'zzzz'])
    await assertRefused(verifier, await issuer.sign({ sid }), 'ended', sid)
  for (const sid of ['0199c000-0000-7000-8000-000000000000', '0199C000-0001-7000-8000-000000000000'])
    await verifier.verify(await issuer.sign({ sid }))
  verifier.close()
})

test('a retired key is refused at once, also by tokens seen before, and signs no list any more', async () => {
  const issuer = await startIssuer()
  const [old = await createKey()] = issuer.keys
  const verifier = follow(issuer, { serviceKey: 'a key' })
  const token = await issuer.sign()
  await verifier.verify(token)
  await until(() => issuer.held.size === 1)
  const next = await createKey()
  issuer.keys = [next]
  issuer.published = [next.jwk, old.jwk] // a copy out of a cache has it still
  issuer.feed.keys = [old.kid]
  issuer.feed.sessions.push([endingHash('news'), seconds()])
  issuer.signFeed = (body) => signWith(old, body, { typ: 'revocations+jwt' })
  issuer.answerHeld()
  await untilRefused(verifier, token, 'ended')
  await verifier.verify(await issuer.sign())
  const victim = randomUUID()
  issuer.feed.sessions.push([endingHash(victim), seconds()])
  issuer.answerHeld()
  await until(() => /retired key/.test(verifier.revocationStatus()?.lastError ?? ''))
  await verifier.verify(await issuer.sign({ sid: victim }))
  verifier.close()
})

test('a list that the keys do not vouch for says nothing', async () => {
  const foreign = await createKey()
  const forgeries: [string, (issuer: Issuer, body: object) => Promise<string>][] = [
    ['JSON', async (_issuer, body) => JSON.stringify(body)],
    ['another key', (_issuer, body) => signWith(foreign, body, { typ: 'revocations+jwt' })],
    [
      'another key, a known kid',
      ({ keys: [key] }, body) => signWith({ ...foreign, kid: key?.kid ?? '' }, body, { typ: 'revocations+jwt' }),
    ],
    ['the type of a token', ({ keys: [key = foreign] }, body) => signWith(key, body)],
    [
      'no signature',
      async (_issuer, body) => {
        const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
        return `${encode({ alg: 'none', typ: 'revocations+jwt' })}.${encode(body)}.`
      },
    ],
  ]
  for (const [why, sign] of forgeries) {
    const issuer = await startIssuer()
    const sid = randomUUID()
    issuer.feed.sessions = [[endingHash(sid), seconds()]]
    issuer.signFeed = (body) => sign(issuer, body)
    const verifier = follow(issuer, { mode: 'onDemand' })
    await verifier.verify(await issuer.sign({ sid }))
    assert.deepEqual([verifier.revocationStatus()?.stale, verifier.revocationStatus()?.endings], [true, 0], why)
    const strict = follow(issuer, { mode: 'onDemand', whenStale: 'reject' })
    await assertRefused(strict, await issuer.sign(), 'stale', why)
  }
})

test('with the secret alone the list is JSON', async () => {
  const issuer = await startIssuer()
  issuer.signFeed = async (body) => JSON.stringify(body)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const sign = (claims: object) => {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
    return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
  }
  const sid = randomUUID()
  issuer.feed.sessions = [[endingHash(sid), seconds()]]
  const verifier = createVerifier({ secret: SECRET, revocations: { url: issuer.url + FEED, whenStale: 'reject' } })
  await assertRefused(verifier, sign(issuer.claims({ sid })), 'ended')
  await verifier.verify(sign(issuer.claims()))
  verifier.close()
})

test('within requests the list is asked for when the last answer is old, once for all of them', async () => {
  const issuer = await startIssuer()
  const verifier = follow(issuer, { mode: 'onDemand', serviceKey: 'a key' })
  assert.equal(questions(issuer).length, 0, 'nothing is asked before a token comes')
  const token = await issuer.sign()
  await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)))
  assert.equal(questions(issuer).length, 1)
  assert.equal(questions(issuer)[0]?.query.has('wait'), false)
})
