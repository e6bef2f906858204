import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateSigningKey } from '../../src/crypto/keys/signing-key.ts'
import { decodeHeader, publishedKeys, verifyElsewhere } from '../support/keys.ts'
import { startServer } from '../support/server.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { logIn, logInNewUser, me } from '../support/users.ts'

const folder = temporaryFolder()
const draw = (type: 'ec' | 'rsa', options: object): KeyObject =>
  (generateKeyPairSync as unknown as (kind: string, how: object) => { privateKey: KeyObject })(type, options).privateKey

function write(name: string, content: string | KeyObject, format: 'pem' | 'jwk' = 'pem'): string {
  const file = join(folder, name)
  if (typeof content === 'string') writeFileSync(file, content)
  else if (format === 'jwk') writeFileSync(file, JSON.stringify(content.export({ format: 'jwk' })))
  else writeFileSync(file, content.export({ type: 'pkcs8', format: 'pem' }))
  return file
}

const kidOf = (token: string) => decodeHeader(token)['kid']

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  test(`the first file signs with ${algorithm}, the others are published and verify, and the database holds no key`, async () => {
    const [one, two] = [await generateSigningKey(algorithm), await generateSigningKey(algorithm)]
    const files = [write(`${algorithm}-1.pem`, one), write(`${algorithm}-2.json`, two, 'jwk')]
    const settings = { JWT_ALGORITHM: algorithm, SIGNING_KEY_FILE: files.join(',') }
    const first = await startServer(settings)
    const login = await logInNewUser(first)
    const [signing, listed] = (await publishedKeys(first)).keys
    assert.equal(kidOf(login.access_token), signing?.kid)
    assert.equal(listed?.d, undefined)
    await verifyElsewhere(first, login.access_token)
    const rotated = await startServer({
      ...settings,
      SIGNING_KEY_FILE: files.toReversed().join(','),
      DATABASE_URL: first.databaseUrl,
    })
    const next = await logIn(rotated, login.user.email)
    assert.equal(kidOf(next.access_token), listed?.kid)
    for (const server of [first, rotated])
      for (const token of [login.access_token, next.access_token]) assert.equal((await me(server, token)).status, 200)
  })
}

test('a file that changes is read again, and one that cannot be used changes nothing', async () => {
  const file = write('changing.pem', await generateSigningKey('ES256'))
  const server = await startServer({ JWT_ALGORITHM: 'ES256', SIGNING_KEY_FILE: file })
  const first = await logInNewUser(server)
  write('changing.pem', 'half a file')
  await server.readSigningKeys()
  assert.equal(kidOf((await logIn(server, first.user.email)).access_token), kidOf(first.access_token))
  assert.equal(server.logs.filter((line) => line['level'] === 40).length, 1)
  write('changing.pem', await generateSigningKey('ES256'))
  await server.readSigningKeys()
  server.advanceClock({ seconds: 2 })
  const next = await logIn(server, first.user.email)
  assert.notEqual(kidOf(next.access_token), kidOf(first.access_token))
  assert.equal((await me(server, next.access_token)).status, 200)
})

test('a move from keys in the database to files accepts the tokens of before until they expire', async () => {
  const before = await startServer({ JWT_ALGORITHM: 'ES256' })
  const login = await logInNewUser(before)
  await before.close()
  const file = write('moved.pem', await generateSigningKey('ES256'))
  const settings = { JWT_ALGORITHM: 'ES256', SIGNING_KEY_FILE: file, DATABASE_URL: before.databaseUrl }
  const after = await startServer(settings)
  assert.equal((await me(after, login.access_token)).status, 200)
  assert.notEqual(kidOf((await logIn(after, login.user.email)).access_token), kidOf(login.access_token))
  after.advanceClock({ seconds: 961 + 3600 })
  assert.equal((await publishedKeys(after)).keys.length, 1)
})

test('with HS256, keys in files are published and verify, and sign nothing', async () => {
  const file = write('published.pem', await generateSigningKey('ES256'))
  const server = await startServer({ SIGNING_KEY_FILE: file })
  assert.equal((await publishedKeys(server)).keys.length, 1)
  assert.equal(decodeHeader((await logInNewUser(server)).access_token)['alg'], 'HS256')
})

test('a file that holds no private key that can sign stops the start, and no error quotes it', async () => {
  const [p384, small] = [draw('ec', { namedCurve: 'P-384' }), draw('rsa', { modulusLength: 1024 })]
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cases: [string, RegExp][] = [
    [join(folder, 'missing.pem'), /SIGNING_KEY_FILE cannot be read/],
    [write('text.pem', 'a private text'), /neither a private key in PEM/],
    [write('public.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString()), /neither a private key/],
    [write('public.json', JSON.stringify(publicKey.export({ format: 'jwk' }))), /neither a private key/],
    [write('secret.json', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' })), /neither a private key/],
    [write('p384.pem', p384), /P-256, Ed25519, or RSA/],
    [write('small.pem', small), /2048 bits/],
    [write('other.pem', await generateSigningKey('EdDSA')), /has a key for EdDSA, but JWT_ALGORITHM is ES256/],
  ]
  for (const [file, message] of cases)
    await assert.rejects(startServer({ JWT_ALGORITHM: 'ES256', SIGNING_KEY_FILE: file }), (error: Error) => {
      assert.match(error.message, message)
      assert.ok(!error.message.includes('a private text'))
      return true
    })
})
