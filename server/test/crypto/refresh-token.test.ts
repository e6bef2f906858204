import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { buildKeys } from '../../src/crypto/keys/keys.ts'
import { deriveSuccessor, makeRefreshToken, readRefreshToken } from '../../src/crypto/tokens/refresh-token.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const sessionId = '0198c0de-0000-7000-8000-000000000001'
const ring = (jwt: string, previousJwt: string[] = []) => buildKeys({ jwt, previousJwt }).refresh
const token = (keys = ring('a')) => makeRefreshToken(keys[0], { sessionId, generation: 7, secret: randomBytes(28) })

test('the keys of access tokens and of refresh tokens never serve each other', () => {
  const keys = buildKeys({ jwt: 'new', previousJwt: ['old'], refresh: 'root', previousRefresh: ['old root'] })
  const made = (secret: string) => token(ring(secret)).encoded
  for (const secret of ['root', 'old root']) {
    assert.notEqual(readRefreshToken(keys.refresh, made(secret)), null, secret)
    const ids = buildKeys({ jwt: secret }).signing.login.map((key) => key.kid)
    assert.ok(!keys.signing.login.some((key) => ids.includes(key.kid)), `${secret} signs no access token`)
  }
  for (const secret of ['new', 'old']) {
    assert.equal(readRefreshToken(keys.refresh, made(secret)), null, `${secret} makes no refresh token`)
  }
  const once = buildKeys({ jwt: 'new', refresh: 'root', previousRefresh: ['new'] })
  assert.notEqual(readRefreshToken(once.refresh, made('new')), null, 'tokens from before REFRESH_SECRET_KEY was set')
})

test('a token has 86 characters of base64url and contains its session and generation', () => {
  const made = token()
  assert.match(made.encoded, /^[\w-]{86}$/)
  const read = readRefreshToken(ring('a'), made.encoded)
  assert.deepEqual(read, made)
  assert.equal(read?.sessionId, sessionId)
  assert.equal(read?.generation, 7)
  assert.equal(Buffer.from(made.selector, 'base64url').length, 20)
  assert.equal(made.secret.length, 38)
})

test('changing any of the 86 characters to any of its 63 alternatives invalidates the token', () => {
  const { encoded } = token()
  for (let position = 0; position < encoded.length; position++) {
    for (const character of ALPHABET) {
      if (character === encoded[position]) continue
      const altered = encoded.slice(0, position) + character + encoded.slice(position + 1)
      assert.equal(readRefreshToken(ring('a'), altered), null, `character ${position} as ${character}`)
    }
  }
})

test('a token is accepted in its canonical form only', () => {
  const { encoded } = token()
  const base64 = encoded.replaceAll('-', '+').replaceAll('_', '/')
  for (const other of [
    '',
    `${encoded}=`,
    `${encoded}A`,
    encoded.slice(1),
    ` ${encoded}`,
    `${encoded}\n`,
    `${base64}==`,
  ]) {
    assert.equal(readRefreshToken(ring('a'), other), null, JSON.stringify(other))
  }
})

test('a token is accepted with any key of the key ring and no other key', () => {
  const { encoded } = token(ring('old'))
  assert.ok(readRefreshToken(ring('new', ['older', 'old']), encoded))
  assert.equal(readRefreshToken(ring('new', ['older']), encoded), null)
})

test('key, token and salt together determine the successor', () => {
  const parent = token()
  const salt = randomBytes(16).toString('base64url')
  const successor = deriveSuccessor(ring('a')[0], parent, salt)
  assert.equal(successor.generation, 8)
  assert.equal(successor.sessionId, sessionId)
  assert.deepEqual(deriveSuccessor(ring('a')[0], parent, salt), successor)
  const others = [
    deriveSuccessor(ring('b')[0], parent, salt),
    deriveSuccessor(ring('a')[0], token(), salt),
    deriveSuccessor(ring('a')[0], parent, randomBytes(16).toString('base64url')),
  ]
  for (const other of others) assert.notEqual(other.secret, successor.secret)
})

test('the derivation from a secret never changes between versions: tokens in use depend on it', () => {
  const keys = buildKeys({ jwt: 'golden', previousJwt: [] })
  const made = makeRefreshToken(keys.refresh[0], { sessionId, generation: 7, secret: Buffer.alloc(28, 1) })
  const successor = deriveSuccessor(keys.refresh[0], made, Buffer.alloc(16, 2).toString('base64url'))
  assert.equal(keys.signing.login[0].kid, '16fmy4MO6uiT')
  assert.equal(made.encoded, 'AZjA3gAAcACAAAAAAAAAAQAAAAcBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBczNR5yuZhx4aff23pBfcBQ')
  assert.equal(
    successor.encoded,
    'AZjA3gAAcACAAAAAAAAAAQAAAAghoAeipE3ZKpb9NpRV_GezeUaJcdhkkTSjEZfvjHW9k89MWPFu8fLNGNId7g',
  )
})

test('refresh tokens are made with the refresh secret, where one is set, and not with the JWT secret', () => {
  const keys = buildKeys({ jwt: 'known to other services', refresh: 'known only here', previousJwt: [] })
  assert.equal(readRefreshToken(ring('known to other services'), token(keys.refresh).encoded), null)
  assert.ok(readRefreshToken(ring('known only here'), token(keys.refresh).encoded))
})
