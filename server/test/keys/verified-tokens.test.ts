import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { retireKey } from '../../src/auth/keys/change-keys.ts'
import { VerifiedTokens } from '../../src/auth/keys/verified-tokens.ts'
import { generateSigningKey, privateSigningKey, publicJwk, type SigningKey } from '../../src/crypto/keys/signing-key.ts'
import { decodeHeader, encode, list } from '../support/keys.ts'
import { startServer } from '../support/server.ts'
import { decodeClaims, logInNewUser, logOut, me } from '../support/users.ts'

/** Makes a key that counts how often it verifies a signature. */
async function countingKey(): Promise<{ key: SigningKey; count: () => number }> {
  const privateKey = await generateSigningKey('EdDSA')
  const key = privateSigningKey(publicJwk('EdDSA', privateKey), privateKey)
  let verifications = 0
  const verify: SigningKey['verify'] = (token) => {
    verifications++
    return key.verify(token)
  }
  return { key: { ...key, verify }, count: () => verifications }
}

test('the signature of a token is verified once, and never taken for that of another token or key', async () => {
  const verified = new VerifiedTokens(100)
  const [one, other] = [await countingKey(), await countingKey()]
  const [key, second] = [verified.remember(one.key), verified.remember(other.key)]
  const token = await key.sign({ sub: 'ann' })
  for (let use = 0; use < 20; use++) assert.deepEqual(key.verify(token)['sub'], 'ann')
  assert.equal(one.count(), 1)
  assert.throws(() => second.verify(token), 'the other key')
  const [header, , signature] = token.split('.')
  for (const altered of [
    `${token}A`,
    token.slice(0, -1),
    `${header}.${encode({ sub: 'eve' })}.${signature}`,
    '',
    token.toUpperCase(),
  ])
    for (let use = 0; use < 3; use++) assert.throws(() => key.verify(altered))
  assert.equal(verified.size, 1, 'a refusal is not remembered')
})

test('as many tokens are remembered as there is room for, those in use among them', async () => {
  const verified = new VerifiedTokens(100)
  const { key, count } = await countingKey()
  const remembering = verified.remember(key)
  const used = await key.sign({ jti: 'used' })
  for (let at = 0; at < 1000; at++) {
    remembering.verify(await key.sign({ jti: at }))
    remembering.verify(used)
    assert.ok(verified.size <= 100)
  }
  assert.equal(count(), 1001, 'the one in use was verified once')
})

test('claims that are remembered cannot be changed by one request for the next', async () => {
  const key = new VerifiedTokens(10).remember((await countingKey()).key)
  const token = await key.sign({ role: 'user' })
  assert.throws(() => Object.assign(key.verify(token), { role: 'admin' }), TypeError)
  assert.equal(key.verify(token)['role'], 'user')
})

test('a token whose signature is remembered is refused at once when its session, its time, its user or its key ends', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const remembered = async () => {
    const login = await logInNewUser(server)
    for (let use = 0; use < 3; use++) assert.equal((await me(server, login.access_token)).status, 200)
    return login
  }
  const ended = await remembered()
  assert.equal((await logOut(server, ended.refresh_token)).status, 200)
  assert.equal((await me(server, ended.access_token)).status, 401, 'a logout')

  const disabled = await remembered()
  await server.rows(sql`update users set disabled_at = ${new Date()} where id = ${disabled.user.id} returning id`)
  assert.equal((await me(server, disabled.access_token)).status, 401, 'a disabled user')

  const promoted = await remembered()
  await server.rows(sql`update users set role = ${'admin'} where id = ${promoted.user.id} returning id`)
  assert.equal((await me(server, promoted.access_token)).body.user.role, 'admin', 'a changed role')

  const living = await remembered()
  const [header, , signature] = living.access_token.split('.')
  const claims = { ...decodeClaims(living.access_token), sub: promoted.user.guid }
  assert.equal((await me(server, `${header}.${encode(claims)}.${signature}`)).status, 401, 'another user')
  const kid = decodeHeader(living.access_token)['kid'] ?? ''
  const options = { refuses: true, noticeSeconds: 0, origin: { ip: null, userAgent: 'a test' } }
  assert.equal((await retireKey(server.ctx, await list(server), kid, options)).kind, 'done')
  await server.readSigningKeys()
  assert.equal((await me(server, living.access_token)).status, 401, 'a refused key')

  const expiring = await remembered()
  server.advanceClock({ seconds: 901 })
  assert.equal((await me(server, expiring.access_token)).status, 401, 'its time')
})
