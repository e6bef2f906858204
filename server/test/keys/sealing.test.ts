import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { buildKeys } from '../../src/crypto/keys/keys.ts'
import type { SigningKeyRow } from '../../src/storage/keys/signing-keys.ts'
import { decodeHeader, list, publishedKeys, states } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { logIn, logInNewUser, me } from '../support/users.ts'

const [OLD, NEW, JWT] = [1, 2, 3].map(() => randomBytes(64).toString('hex')) as [string, string, string]
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_ALGORITHM: 'ES256',
  JWT_SECRET_KEY: JWT,
  PUBLIC_URL: 'https://auth.example.com',
  JWT_AUDIENCE: 'orders',
  REQUIRE_HTTPS: 'off',
}

function rows(server: TestServer): Promise<SigningKeyRow[]> {
  return server.rows<SigningKeyRow>(sql`select * from signing_keys order by sequence`)
}

test('the database alone cannot sign: a private half is sealed, and opens under its own name only', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256', REFRESH_SECRET_KEY: OLD })
  const [first, second] = (await rows(server)) as [SigningKeyRow, SigningKeyRow]
  const [sealing] = buildKeys({ jwt: 'x', refresh: OLD }).sealing()
  const bytes = sealing.open(first.private_key, `signing key ${first.kid}`)
  assert.ok(bytes)
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  const { d = '', ...half } = key.export({ format: 'jwk' })
  assert.equal(JSON.parse(first.public_jwk).x, half.x)
  const text = JSON.stringify(await rows(server))
  const pkcs8 = bytes.toString('base64')
  for (const secret of [
    d,
    pkcs8.slice(-60),
    bytes.toString('hex').slice(40, 100),
    bytes.toString('base64url').slice(-60),
  ])
    assert.ok(!text.includes(secret))
  assert.equal(sealing.open(first.private_key, `signing key ${second.kid}`), null, 'another row')
  const [stranger] = buildKeys({ jwt: OLD, refresh: NEW }).sealing()
  assert.equal(stranger.open(first.private_key, `signing key ${first.kid}`), null, 'another secret')
  for (const altered of [
    '',
    'x',
    first.private_key.slice(0, -4),
    first.private_key.replace(/^./, (at) => (at === 'A' ? 'B' : 'A')),
  ])
    assert.equal(sealing.open(altered, `signing key ${first.kid}`), null)
})

test('a change of the sealing secret keeps every key: the start seals them again, and the old secret may go', async () => {
  const first = await startServer({ ...PRODUCTION, REFRESH_SECRET_KEY: OLD })
  const kids = (await list(first)).keys.map(({ kid }) => kid)
  const sealedBy = (await rows(first)).map((row) => row.sealed_by)
  await first.close()
  const settings = { ...PRODUCTION, DATABASE_URL: first.databaseUrl, REFRESH_SECRET_KEY: NEW }
  const changed = await startServer({ ...settings, REFRESH_PREVIOUS_SECRET_KEYS: OLD })
  assert.ok((await rows(changed)).every((row) => !sealedBy.includes(row.sealed_by)))
  await changed.close()
  const without = await startServer(settings)
  assert.deepEqual(
    (await list(without)).keys.map(({ kid }) => kid),
    kids,
  )
  assert.deepEqual(await states(without), ['current', 'next'])
})

test('production refuses to start with a key that it cannot open, and makes none in silence', async () => {
  const settings = { ...PRODUCTION, REFRESH_SECRET_KEY: OLD }
  const first = await startServer(settings)
  const before = await rows(first)
  const [{ sealed_by }] = before as [SigningKeyRow]
  await first.rows(sql`update signing_keys set sealed_by = ${'a lost secret'} returning kid`)
  await first.close()
  const again = { ...settings, DATABASE_URL: first.databaseUrl }
  await assert.rejects(startServer(again), /No secret opens the signing key .*REFRESH_PREVIOUS_SECRET_KEYS/)
  const secrets = { JWT_SECRET_KEY: JWT, REFRESH_SECRET_KEY: OLD }
  const reader = await startServer({ DATABASE_URL: first.databaseUrl, ...secrets })
  await reader.rows(sql`update signing_keys set sealed_by = ${sealed_by} returning kid`)
  assert.deepEqual(await rows(reader), before)
})

test('a development server that has lost its secret signs with new keys', async () => {
  const first = await startServer({ JWT_ALGORITHM: 'ES256', REFRESH_SECRET_KEY: OLD })
  const login = await logInNewUser(first)
  await first.close()
  const settings = { JWT_ALGORITHM: 'ES256', DATABASE_URL: first.databaseUrl, REFRESH_SECRET_KEY: NEW }
  const second = await startServer(settings)
  const next = await logIn(second, login.user.email)
  assert.notEqual(decodeHeader(next.access_token)['kid'], decodeHeader(login.access_token)['kid'])
  assert.equal((await me(second, next.access_token)).status, 200)
  assert.deepEqual((await states(second)).slice(2), ['current', 'next'])
})

test('a replica keeps the keys that another one has sealed under a secret which it does not have yet', async () => {
  const first = await startServer({ ...PRODUCTION, REFRESH_SECRET_KEY: OLD })
  const [kid] = (await list(first)).keys.map((key) => key.kid)
  const settings = { DATABASE_URL: first.databaseUrl, REFRESH_SECRET_KEY: NEW, REFRESH_PREVIOUS_SECRET_KEYS: OLD }
  await startServer({ ...PRODUCTION, ...settings })
  await first.readSigningKeys()
  assert.equal((await publishedKeys(first)).keys[0]?.kid, kid)
  assert.equal(decodeHeader(await first.ctx.tokens.access.sign('login', {} as never))['kid'], kid)
})

test('a writer of the database who cannot seal can add no key', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const [row] = (await rows(server)) as [SigningKeyRow]
  const kid = 'x'.repeat(43)
  await server.rows(sql`
    insert into signing_keys (kid, algorithm, sequence, public_jwk, private_key, sealed_by, created_at)
    values (${kid}, ${'EdDSA'}, ${1}, ${row.public_jwk}, ${row.private_key}, ${row.sealed_by}, ${new Date()}) returning kid`)
  await server.readSigningKeys()
  assert.deepEqual(
    (await list(server)).keys.map(({ state }) => state),
    ['current', 'next', 'next'],
  )
  assert.ok((await publishedKeys(server)).keys.every((key) => key.alg === 'ES256' && key.kid !== kid))
})
