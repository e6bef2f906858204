import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createVerifier } from '../src/create-verifier.ts'
import { createKey, seconds, signWith, startIssuer } from './support/issuer.ts'
import { assertRefused } from './support/refusal.ts'

const SECRET = 'a secret that this service shares with the issuer'

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

function hmac(claims: object, { header = {}, secret = SECRET, hash = 'sha256' } = {}): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: 's1', ...header })}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

test('each algorithm of an issuer is verified by its published key, as a JWT and as an at+jwt', async () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    const issuer = await startIssuer(algorithm)
    const verifier = createVerifier({ issuer: issuer.url, audience: 'orders' })
    for (const typ of ['JWT', 'at+jwt']) {
      const sub = randomUUID()
      const claims = await verifier.verify(await issuer.sign({ sub, claims: { depth: [1] } }, { typ }))
      assert.equal(claims.sub, sub)
      assert.throws(() => Object.assign(claims, { role: 'admin' }), TypeError)
      assert.throws(() => (claims['claims'] as { depth: number[] }).depth.push(2), TypeError)
    }
    assert.equal(issuer.requests.length, 1, 'the keys are read once')
  }
})

test('every secret of a change verifies logins and pairs, and no other does', async () => {
  const verifier = createVerifier({ secret: ['the new secret', SECRET] })
  const claims = { sub: randomUUID(), exp: seconds() + 60 }
  const HS512 = { header: { alg: 'HS512' }, hash: 'sha512' }
  for (const secret of ['the new secret', SECRET]) {
    assert.equal((await verifier.verify(hmac(claims, { secret }))).sub, claims.sub)
    assert.equal((await verifier.verify(hmac(claims, { secret, ...HS512 }))).sub, claims.sub)
  }
  await assertRefused(verifier, hmac(claims, { secret: 'another secret' }), 'malformed')
  await assertRefused(verifier, hmac(claims, { header: { alg: 'HS384' }, hash: 'sha384' }), 'malformed')
})

test('the algorithm decides which key may verify, with a secret beside public keys as well', async () => {
  const issuer = await startIssuer()
  const [key = await createKey()] = issuer.keys
  issuer.published.push({ kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from('published').toString('base64url') })
  const claims = issuer.claims()
  const both = createVerifier({ issuer: issuer.url, secret: SECRET })
  const keysOnly = createVerifier({ issuer: issuer.url })
  const secretOnly = createVerifier({ secret: SECRET })
  for (const verifier of [both, keysOnly]) await verifier.verify(await issuer.sign())
  for (const verifier of [both, secretOnly]) await verifier.verify(hmac(claims))

  await assertRefused(keysOnly, hmac(claims), 'malformed', 'a token of the secret')
  await assertRefused(keysOnly, hmac(claims, { header: { alg: 'HS512' }, hash: 'sha512' }), 'malformed', 'a pair')
  await assertRefused(secretOnly, await issuer.sign(), 'malformed', 'a token of the key pair')
  for (const verifier of [both, keysOnly]) {
    await assertRefused(verifier, hmac(claims, { secret: 'published', header: { kid: 'oct' } }), 'malformed', 'oct')
    for (const text of [JSON.stringify(key.jwk), key.jwk.x ?? '', key.kid])
      await assertRefused(verifier, hmac(claims, { secret: text, header: { kid: key.kid } }), 'malformed', text)
    await assertRefused(verifier, hmac(claims, { header: { alg: 'ES256', kid: key.kid } }), 'malformed', 'a MAC')
    await assertRefused(verifier, await issuer.sign({}, { kid: undefined }), 'malformed', 'no kid')
    await assertRefused(verifier, await issuer.sign({}, { typ: 'revocations+jwt' }), 'malformed', 'the list of endings')
    await assertRefused(verifier, await issuer.sign({}, { typ: undefined }), 'malformed', 'no typ')
  }
})

test('a list of algorithms narrows what the keys allow', async () => {
  const issuer = await startIssuer('EdDSA')
  const verifier = createVerifier({ issuer: issuer.url, algorithms: ['ES256', 'RS256'] })
  await assertRefused(verifier, await issuer.sign(), 'malformed')
  assert.equal(issuer.requests.length, 0, 'and reads no keys for the others')
})

test('a token of another issuer, for another audience, or out of its time is refused with its code', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, audience: ['orders', 'stock'] })
  await verifier.verify(await issuer.sign({ aud: ['mail', 'stock'] }))
  for (const iss of ['https://elsewhere.example', `${issuer.url}/`, undefined, [issuer.url]])
    await assertRefused(verifier, await issuer.sign({ iss }), 'wrong_issuer')
  for (const aud of ['payments', ['payments'], [], undefined, { orders: true }, [['orders']]])
    await assertRefused(verifier, await issuer.sign({ aud }), 'wrong_audience')
  for (const exp of [seconds() - 1, seconds(), 1]) await assertRefused(verifier, await issuer.sign({ exp }), 'expired')
  await verifier.verify(await issuer.sign({ iat: seconds() + 30 }))
  await assertRefused(verifier, await issuer.sign({ iat: seconds() + 120 }), 'malformed')
  await assertRefused(verifier, await issuer.sign({ nbf: seconds() + 120 }), 'malformed')
})

test('claims of another form than Tessera’s are no token', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url })
  const forms: object[] = [
    ...[undefined, '', 7, null, ['a'], { guid: 'a' }].map((sub) => ({ sub })),
    ...[undefined, null, '9999999999', Infinity, 1.5, -1, [seconds() + 60]].map((exp) => ({ exp })),
    ...[null, '', ['a'], 3].map((sid) => ({ sid })),
    ...[null, ['admin'], { admin: true }].map((role) => ({ role })),
    ...['1', null, 1.5, [2]].map((ver) => ({ ver })),
    ...['now', null, -1].map((auth_time) => ({ auth_time })),
    ...['now', null].map((iat) => ({ iat })),
  ]
  for (const changes of forms)
    await assertRefused(verifier, await issuer.sign(changes), 'malformed', JSON.stringify(changes))
  const [key = await createKey()] = issuer.keys
  for (const payload of [[], null, 'text', 7, true] as object[])
    await assertRefused(verifier, await signWith(key, payload), 'malformed', JSON.stringify(payload))
})

test('what is no text of a token is refused without a request', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url })
  const token = await issuer.sign()
  const [header = '', payload = '', signature = ''] = token.split('.')
  const wrong: unknown[] = [
    ...[undefined, null, 7, {}, [token], '', '.', '..', '...', 'not a token', `${header}.${payload}`],
    ...[`Bearer ${token}`, ` ${token}`, `${token}\n`, `${token}=`, `${token}.${signature}`, `${header}..${signature}`],
    ...[`${header} .${payload}.${signature}`, `${header}.${payload}.${signature.slice(0, -1)} `],
    ...[token.replaceAll('-', '+').replaceAll('_', '/').concat('='), 'a'.repeat(100_000)],
    `${header}.${'a'.repeat(100_000)}.${signature}`,
  ]
  for (const text of wrong) await assertRefused(verifier, text as string, 'malformed', String(text).slice(0, 80))
  assert.equal(issuer.requests.length, 0)
  await verifier.verify(token)
})

test('a token has one text only: no unused bit of its signature can be altered', async () => {
  const issuer = await startIssuer('RS256')
  const verifier = createVerifier({ issuer: issuer.url })
  const token = await issuer.sign()
  await verifier.verify(token)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const others = [...alphabet].map((last) => token.slice(0, -1) + last).filter((other) => other !== token)
  for (const other of others) await assertRefused(verifier, other, 'malformed', other.at(-1))
})

test('a token that was verified is judged by the clock at each use, a moved one too', async () => {
  let shift = 0
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, now: () => new Date(Date.now() + shift) })
  const token = await issuer.sign()
  await verifier.verify(token)
  shift = 901_000
  await assertRefused(verifier, token, 'expired')
  shift = 0
  await verifier.verify(token)
  const tolerant = createVerifier({ issuer: issuer.url, clockToleranceSeconds: 30 })
  await tolerant.verify(await issuer.sign({ exp: seconds() - 20 }))
  await assertRefused(tolerant, await issuer.sign({ exp: seconds() - 40 }), 'expired')
})

test('a login that is too long ago is refused where its age is limited', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuer: issuer.url, maxAuthAgeSeconds: 3600 })
  await verifier.verify(await issuer.sign({ auth_time: seconds() - 3500 }))
  for (const auth_time of [undefined, seconds() - 3700, seconds() + 3600])
    await assertRefused(verifier, await issuer.sign({ auth_time }), 'expired')
})
