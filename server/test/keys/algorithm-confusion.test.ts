import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JWK } from 'jose'
import { decodeHeader, encode, publishedKeys, signAs } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { decodeClaims, issuePair, logInNewUser, me } from '../support/users.ts'

const SECRET = 'a secret that services from before still hold: 64 bytes or more of it'

const FOREIGN: Record<string, { key: KeyObject; hash: string | null }> = {
  ES256: { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, hash: 'sha256' },
  EdDSA: { key: generateKeyPairSync('ed25519').privateKey, hash: null },
  RS256: { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, hash: 'sha256' },
}

function signWith(algorithm: string, header: object, claims: unknown): string {
  const { key, hash } = FOREIGN[algorithm] as { key: KeyObject; hash: string | null }
  return signAs(header, claims, { key, dsaEncoding: 'ieee-p1363' }, hash)
}

function hmac(header: object, claims: unknown, secret: string | Buffer, hash = 'sha256'): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

async function assertRefused(server: TestServer, token: string, why: string) {
  const answer = await me(server, token)
  assert.equal(answer.status, 401, why)
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"', why)
}

/** Every text of a public key that a verifier could take for the bytes of a secret. */
function publicTexts(jwk: JWK): (string | Buffer)[] {
  const key = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' })
  const spki = key.export({ type: 'spki', format: 'pem' }).toString()
  return [spki, spki.trim(), key.export({ type: 'spki', format: 'der' }), JSON.stringify(jwk), jwk.n ?? jwk.x ?? '', '']
}

test('no other key and no other algorithm passes for the one that signs', async () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    const server = await startServer({ JWT_ALGORITHM: algorithm, JWT_SECRET_KEY: SECRET })
    const { access_token: token, user } = await logInNewUser(server)
    const [header, claims] = [decodeHeader(token), decodeClaims(token)]
    const { kid = '' } = header
    const [, body, signature] = token.split('.')
    assert.deepEqual(header, { alg: algorithm, typ: 'JWT', kid })
    assert.equal((await me(server, token)).status, 200)
    const pair = await issuePair(server, user.guid)
    const secretKid = decodeHeader(pair.access_token)['kid']
    const [jwk] = (await publishedKeys(server)).keys as [JWK]

    for (const text of publicTexts(jwk)) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
      ] as const) {
        const secret = text.toString()
        await assertRefused(server, hmac({ alg, typ: 'JWT', kid }, claims, text, hash), `${alg} over ${secret}`)
        await assertRefused(
          server,
          hmac({ alg, typ: 'JWT', kid: secretKid }, claims, text, hash),
          `${alg}, kid of the secret`,
        )
      }
      await assertRefused(server, hmac(header, claims, text), 'a MAC that says it is a signature')
    }
    await assertRefused(server, hmac(header, claims, SECRET), 'the secret, in the name of the key pair')
    await assertRefused(
      server,
      hmac({ ...header, alg: 'HS256' }, claims, SECRET),
      'the secret with the kid of the key pair',
    )
    await assertRefused(
      server,
      hmac({ ...header, alg: 'HS512', kid: secretKid }, claims, SECRET, 'sha512'),
      'as a pair',
    )
    for (const alg of ['none', 'None', 'NONE', '', null, 'ES384', 'ES512', 'PS256', 'RS512', 'Ed25519', 'es256']) {
      await assertRefused(server, `${encode({ ...header, alg })}.${body}.`, `alg ${alg} without a signature`)
      await assertRefused(server, `${encode({ ...header, alg })}.${body}.${signature}`, `alg ${alg}`)
    }
    for (const other of Object.keys(FOREIGN)) {
      const { key } = FOREIGN[other] as { key: KeyObject }
      const foreign = createPublicKey(key).export({ format: 'jwk' })
      const named = { alg: other, typ: 'JWT', kid }
      await assertRefused(server, signWith(other, named, claims), `a foreign ${other} key with our kid`)
      await assertRefused(server, signWith(other, { ...header }, claims), `a foreign ${other} key with our header`)
      await assertRefused(server, signWith(other, { ...named, jwk: foreign }, claims), 'a key in the header')
      await assertRefused(server, signWith(other, { ...named, jku: 'https://evil.example/jwks' }, claims), 'jku')
      await assertRefused(server, signWith(other, { ...named, x5c: ['MIIB'] }, claims), 'x5c')
      await assertRefused(server, signWith(other, { ...named, kid: secretKid }, claims), 'the kid of the secret')
    }
    for (const strange of [
      { kid: undefined },
      { kid: [kid] },
      { kid: `${kid} ` },
      { kid: `../${kid}` },
      { typ: 'at+jwt' },
      { typ: undefined },
      { crit: ['b64'], b64: true },
    ])
      await assertRefused(server, `${encode({ ...header, ...strange })}.${body}.${signature}`, JSON.stringify(strange))
    const bytes = Buffer.from(signature ?? '', 'base64url')
    const ends = [
      bytes.subarray(1),
      Buffer.alloc(bytes.length),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.alloc(0),
    ]
    for (const end of ends)
      await assertRefused(server, `${token.split('.', 2).join('.')}.${end.toString('base64url')}`, 'cut')
    await assertRefused(
      server,
      `${encode(header)}.${encode({ ...claims, role: 'admin' })}.${signature}`,
      'another role',
    )
    await assertRefused(
      server,
      token.replace(body ?? '', encode({ ...decodeClaims(pair.access_token) })),
      'claims of a pair',
    )
  }
})

test('a token of a login that is signed with a key pair opens no session of a pair, and no pair that of a login', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: SECRET })
  const { access_token, user, refresh_token } = await logInNewUser(server)
  const pair = await issuePair(server, user.guid)
  assert.equal(decodeHeader(pair.access_token)['alg'], 'HS512')
  assert.equal((await me(server, pair.access_token)).status, 200)
  const refused = await server.post('/auth/refresh', { auth: { access_token, refresh_token: pair.refresh_token } })
  assert.equal(refused.status, 401)
  const { sid } = decodeClaims(access_token)
  const claims = { ...decodeClaims(pair.access_token), sid }
  const secretKid = decodeHeader(pair.access_token)['kid']
  await assertRefused(
    server,
    hmac({ alg: 'HS512', typ: 'JWT', kid: secretKid }, claims, SECRET, 'sha512'),
    'HS512 of a login',
  )
  assert.equal((await server.post('/api/v1/auth/refresh', { refresh_token })).status, 200)
})

test('a server that signs with the secret refuses key pairs that it does not know', async () => {
  const server = await startServer({ JWT_SECRET_KEY: SECRET })
  const { access_token } = await logInNewUser(server)
  const claims = decodeClaims(access_token)
  for (const alg of Object.keys(FOREIGN)) {
    for (const kid of [decodeHeader(access_token)['kid'], 'x'.repeat(43), randomUUID()])
      await assertRefused(server, signWith(alg, { alg, typ: 'JWT', kid }, claims), `${alg} ${kid}`)
  }
  assert.equal((await me(server, access_token)).status, 200)
})

test('a genuine signature counts under the key’s own algorithm, id and type only', async () => {
  const files = ['ES256', 'EdDSA'].map((algorithm) => {
    const file = join(temporaryFolder(), `${algorithm}.pem`)
    const { key } = FOREIGN[algorithm] as { key: KeyObject }
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }))
    return file
  })
  const server = await startServer({ JWT_ALGORITHM: 'ES256', SIGNING_KEY_FILE: files.join(',') })
  const { access_token } = await logInNewUser(server)
  const claims = decodeClaims(access_token)
  const { kid, alg, typ } = decodeHeader(access_token)
  const other = (await publishedKeys(server)).keys[1]?.kid
  const accepted = [
    { kid, typ, alg },
    { alg, typ, kid, more: 'x' },
  ]
  for (const header of accepted)
    assert.equal((await me(server, signWith('ES256', header, claims))).status, 200, JSON.stringify(header))
  const refused = [
    { alg, kid },
    { alg, typ: 'at+jwt', kid },
    { alg, typ: 'dpop+jwt', kid },
    { alg: 'EdDSA', typ, kid },
    { alg: 'ES512', typ, kid },
    { alg, typ, kid: other },
    { alg: 'EdDSA', typ, kid: other },
    { alg, typ },
    { alg, typ, kid, crit: ['exp'] },
    { alg, typ, kid, crit: ['x'], x: 1 },
  ]
  for (const header of refused) await assertRefused(server, signWith('ES256', header, claims), JSON.stringify(header))
  for (const change of [
    { sub: undefined },
    { sid: 'x' },
    { exp: String(claims['exp']) },
    { exp: 1e300 },
    { iat: null },
  ])
    await assertRefused(server, signWith('ES256', { alg, typ, kid }, { ...claims, ...change }), JSON.stringify(change))
})
