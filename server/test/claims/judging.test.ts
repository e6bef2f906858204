import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeClaims, MAX_CLAIMS_BYTES } from '../../src/auth/claims/judge-claims.ts'
import { mergeClaims } from '../../src/auth/claims/merge-claims.ts'
import { tokenClaims } from '../../src/auth/claims/token-claims.ts'

const judge = (json: string) => judgeClaims(JSON.parse(json))

/** An object of so many levels, itself included. */
const nested = (levels: number): string => (levels === 1 ? '{}' : `{"a":${nested(levels - 1)}}`)

const RESERVED =
  'iss sub aud exp nbf iat jti sid ver role gen guid ip typ amr acr auth_time azp client_id cnf act may_act events'

test('reserved names are refused at the top only, and what people call their claims is not', () => {
  for (const name of RESERVED.split(' ')) {
    const verdict = judge(`{"plan":"gold","${name}":1}`)
    assert.deepEqual(verdict, { kind: 'refused', name, reason: 'is a reserved name' })
    assert.equal(judge(`{"inner":{"${name}":1}}`).kind, 'good', name)
  }
  for (const name of ['email', 'name', 'groups', 'roles', 'scope', 'permissions', 'tenant', 'Sub', '', 'toString'])
    assert.equal(judge(JSON.stringify({ [name]: ['a'] })).kind, 'good', name)
})

test('names that change prototypes are refused at any depth and change none', () => {
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    for (const json of [`{"${name}":{"admin":true}}`, `{"a":{"${name}":1}}`, `{"a":[{"b":{"${name}":null}}]}`]) {
      const verdict = judge(json)
      assert.equal(verdict.kind, 'refused', json)
      assert.equal(verdict.kind === 'refused' && verdict.name, name)
    }
  }
  const merged = mergeClaims(JSON.parse('{"__proto__":{"admin":true}}'), {})
  assert.equal(Object.getPrototypeOf(merged), Object.prototype)
  assert.equal(({} as { admin?: boolean }).admin, undefined)
})

test('five levels pass and a sixth is refused, whether of objects or arrays', () => {
  assert.equal(judge(nested(5)).kind, 'good')
  assert.equal(judge(nested(6)).kind, 'refused')
  assert.equal(judge('{"a":[[[[]]]]}').kind, 'good')
  assert.equal(judge('{"a":[[[[[]]]]]}').kind, 'refused')
  assert.equal(judge('{"a":[[[[1,"x",null,true]]]]}').kind, 'good')
  assert.equal(judge(`{"a":${'['.repeat(400)}${']'.repeat(400)}}`).kind, 'refused')
})

test('NUL, half of a surrogate pair and numbers beyond any are refused, in names too', () => {
  for (const json of ['{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":{"b\\u0000":1}}', '{"a":["\\ud800"]}', '{"\\udc00":1}'])
    assert.equal(judge(json).kind, 'refused', json)
  assert.equal(judge('{"a":1e999}').kind, 'refused')
  assert.equal(judge('{"a":"😀","ключ":1e300}').kind, 'good')
})

test('claims are an object', () => {
  for (const json of ['[]', 'null', '1', '"{}"', 'true']) assert.equal(judge(json).kind, 'not_an_object', json)
  assert.equal(judgeClaims(undefined).kind, 'not_an_object')
})

test('1,024 bytes of UTF-8 pass and one more does not', () => {
  for (const letter of ['a', 'ä', '語', '😀']) {
    const room = MAX_CLAIMS_BYTES - '{"a":""}'.length
    const width = Buffer.byteLength(letter)
    const text = letter.repeat(Math.floor(room / width)) + 'x'.repeat(room % width)
    assert.equal(judgeClaims({ a: text }).kind, 'good', letter)
    assert.deepEqual(judgeClaims({ a: `${text}x` }), { kind: 'too_large', bytes: 1025 })
  }
})

test("at issue, what does not fit or was edited is left out, the session's claims first, and an error names the session", () => {
  const lines: object[] = []
  const log = { info() {}, warn() {}, error: (fields: object) => lines.push(fields) }
  const claims = (user_claims: string, session_claims: string) =>
    tokenClaims({ log }, { user_claims, session_claims }, 'the session')
  assert.deepEqual(claims('{"a":1,"b":1}', '{"b":2}'), { a: 1, b: 2 })
  assert.equal(lines.length, 0)
  const large = (name: string) => JSON.stringify({ [name]: 'x'.repeat(800) })
  assert.deepEqual(claims(large('a'), large('b')), JSON.parse(large('a')))
  assert.deepEqual(claims('{"a":1}', '{"sub":"other"}'), { a: 1 })
  assert.deepEqual(claims('{"role":"admin"}', '{"a":1}'), {})
  assert.deepEqual(claims('{"exp":9999999999}', '{}'), {})
  assert.deepEqual(claims('{"a":1}', 'no JSON'), { a: 1 })
  assert.equal(lines.length, 5)
  assert.match(JSON.stringify(lines), /"sessionId":"the session","leftOut":"session"/)
})
