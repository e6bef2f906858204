import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { buildKeys } from '../../src/crypto/keys/keys.ts'
import { makeAttempt, readAttempt } from '../../src/crypto/tokens/attempt.ts'
import { makeRefreshToken } from '../../src/crypto/tokens/refresh-token.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NOW = new Date('2026-05-01T12:00:00.123Z')
const sessionId = '0198c0de-0000-7000-8000-000000000001'
const ring = (jwt: string, previousJwt: string[] = []) => buildKeys({ jwt, previousJwt }).refresh
const newToken = (generation = 7) => makeRefreshToken(ring('a')[0], { sessionId, generation, secret: randomBytes(28) })
const token = newToken()
const attempt = makeAttempt(ring('a'), token, NOW, randomBytes)

test('an attempt has 43 characters of base64url and tells the millisecond at which it was made', () => {
  assert.match(attempt, /^[\w-]{43}$/)
  assert.deepEqual(readAttempt(ring('a'), token, attempt), NOW)
  const late = new Date('9999-12-31T23:59:59.999Z')
  assert.deepEqual(readAttempt(ring('a'), token, makeAttempt(ring('a'), token, late, randomBytes)), late)
})

test('two attempts of one token and one moment differ', () => {
  assert.notEqual(makeAttempt(ring('a'), token, NOW, randomBytes), attempt)
})

test('an attempt is one of its own token only', () => {
  for (const other of [
    newToken(),
    newToken(8),
    makeRefreshToken(ring('b')[0], { sessionId, generation: 7, secret: randomBytes(28) }),
  ])
    assert.equal(readAttempt(ring('a'), other, attempt), null)
})

test('an attempt is read under every key of the ring, and made under the first', () => {
  assert.deepEqual(readAttempt(ring('b', ['a']), token, attempt), NOW)
  assert.equal(readAttempt(ring('b'), token, attempt), null)
  assert.equal(readAttempt(ring('a'), token, makeAttempt(ring('b', ['a']), token, NOW, randomBytes)), null)
})

test('changing any of the 43 characters to any of its 63 alternatives makes it no attempt', () => {
  for (let position = 0; position < attempt.length; position++) {
    for (const character of ALPHABET) {
      if (character === attempt[position]) continue
      const altered = attempt.slice(0, position) + character + attempt.slice(position + 1)
      assert.equal(readAttempt(ring('a'), token, altered), null, `character ${position} as ${character}`)
    }
  }
})

test('a text of another length or alphabet is no attempt', () => {
  const odd = [
    '',
    attempt.slice(0, -1),
    `${attempt}A`,
    `${attempt}=`,
    ` ${attempt.slice(1)}`,
    'x'.repeat(43),
    'é'.repeat(43),
  ]
  for (const text of [...odd, attempt.replaceAll(/[-_]/g, '+'), token.encoded.slice(0, 43)])
    if (text !== attempt) assert.equal(readAttempt(ring('a'), token, text), null, text)
})

test('the MAC of an attempt has a key of its own', () => {
  const [{ attempt: key, ...others }] = ring('a')
  for (const [name, other] of Object.entries(others))
    if (typeof other !== 'string') assert.equal(other.equals(key), false, name)
})
