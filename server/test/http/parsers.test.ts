import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import { buildKeys } from '../../src/crypto/keys/keys.ts'
import { createAccessTokens } from '../../src/crypto/tokens/access-token.ts'
import { makeRefreshToken, readRefreshToken } from '../../src/crypto/tokens/refresh-token.ts'
import { InvalidBody } from '../../src/http/contract/invalid-body.ts'
import type { HttpContext } from '../../src/http/endpoint/http-context.ts'
import { presentedToken } from '../../src/http/refresh/deliver-tokens.ts'
import { countKeys, countWrittenKeys } from '../../src/http/request/json-structure.ts'
import { canonicalEmail } from '../../src/text/email-address.ts'
import { assertProperty, sample } from '../support/requests/seeded.ts'
import { writtenJson } from '../support/requests/written-json.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 60 })

interface Edit {
  at: number
  removed: number
  added: string
}

/** Edits in one to three places; some change nothing. */
function edits(characters: string): fc.Arbitrary<Edit[]> {
  const added = fc.oneof(
    fc.string({ unit: fc.constantFrom(...characters), maxLength: 3 }),
    fc.string({ unit: 'binary', maxLength: 2 }),
  )
  return fc.array(fc.record({ at: fc.nat(600), removed: fc.nat(2), added }), { minLength: 1, maxLength: 3 })
}

function edited(text: string, changes: Edit[]): string {
  return changes.reduce((before, { at, removed, added }) => {
    const start = at % (before.length + 1)
    return before.slice(0, start) + added + before.slice(start + removed)
  }, text)
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const emailPiece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('mike', 'Mike', 'a', 'B.c', '+tag', 'x_y', 'example', 'COM', 'org') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('.', '-', 'ı', 'İ', 'K', 'ſ', 'ß', 'ü', 'u\u0308', 'ﬁ', '。', '．', 'xn--', '१'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(',', '"', "'", '\r\n', '\n', '\0', ' ', '\t', '<', '>', '(', '\u200b', '\u202e', '@'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  { weight: 1, arbitrary: fc.nat(300).map((length) => 'x'.repeat(length)) },
)
const plain = fc.constantFrom('mike', 'Mike', 'm.i.k.e', 'x_y+tag', 'example', 'EXAMPLE.co', 'bücher', 'bu\u0308cher')
const odd = fc.array(emailPiece, { maxLength: 4 }).map((pieces) => pieces.join(''))
const part = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: odd })
const address = fc
  .tuple(
    fc.constantFrom('', ' ', '\t '),
    part,
    fc.constantFrom('@', '@', '@', '＠', ''),
    part,
    fc.constantFrom('com', 'com.', 'рф'),
  )
  .map(([gap, local, at, name, top]) => `${gap}${local}${at}${name}.${top}${gap}`)

test('an email address has one canonical form, in ASCII and of bounded length, that it shares with no other mailbox', () => {
  let accepted = 0
  assertProperty(fc.oneof({ weight: 9, arbitrary: address }, { weight: 1, arbitrary: anyText }), (input) => {
    const email = canonicalEmail(input)
    if (email === null) return
    accepted++
    assert.match(email, /^[\x21-\x7e]+@[a-z0-9.-]+$/)
    assert.doesNotMatch(email, /[\r\n,"<>()[\];:\\A-Z]/)
    assert.equal(email.split('@').length, 2)
    assert.ok(email.length <= 254)
    assert.equal(canonicalEmail(email), email)
    // The local parts of two users are equal only where ASCII's own case makes them so.
    const given = input.replace(/^[ \t]+/, '').split('@')[0] ?? ''
    const lower = given.replaceAll(/[A-Z]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 32))
    assert.equal(email.split('@')[0], lower)
  })
  assert.ok(accepted > 1000, `only ${accepted} addresses were accepted`)
  const before = process.cpuUsage()
  for (const unit of ['a', '.', '@', ' ', '\t', 'a.', 'ü', '\u0301', '\ud800']) {
    assert.equal(canonicalEmail(unit.repeat(100_000)), null)
    assert.equal(canonicalEmail(`a@${unit.repeat(100_000)}.com`), null)
  }
  assert.ok(process.cpuUsage(before).user < 1_000_000, 'each of 100 KB costs less than a second of a core')
})

const ring = buildKeys({ jwt: 'the current one', previousJwt: ['the one before'] })
const strangers = buildKeys({ jwt: 'of another server', previousJwt: [] })
const made = { id: fc.uuid(), generation: fc.nat(0xffffffff), secret: fc.uint8Array({ minLength: 28, maxLength: 28 }) }
const refreshTokens = sample(fc.record(made), 50).map(({ id, generation, secret }, at) => {
  const key = ring.refresh[at % 2] ?? ring.refresh[0]
  return makeRefreshToken(key, { sessionId: id, generation, secret: Buffer.from(secret) })
})

test('an edited refresh token is never accepted', () => {
  const cases = fc.tuple(fc.constantFrom(...refreshTokens), fc.oneof(edits(BASE64URL), edits('+/=. \n')))
  assertProperty(cases, ([token, changes]) => {
    const presented = edited(token.encoded, changes)
    // Which key of the ring it was made with depends on the token.
    const read = (text: string) => {
      const found = readRefreshToken(ring.refresh, text)
      return found && { ...found, position: token.position }
    }
    assert.deepEqual(read(presented), presented === token.encoded ? token : null)
    assert.deepEqual(read(token.encoded), token)
  })
  const bytes = fc.uint8Array({ minLength: 60, maxLength: 68 }).map((all) => Buffer.from(all).toString('base64url'))
  assertProperty(fc.oneof(anyText, bytes), (text) => assert.equal(readRefreshToken(ring.refresh, text), null))
  for (const { encoded } of refreshTokens) assert.equal(readRefreshToken(strangers.refresh, encoded), null)
})

const now = new Date('2026-01-01T00:00:00Z')
const iat = now.getTime() / 1000
const [sub, sid, jti] = sample(fc.uuid(), 3) as [string, string, string]
const claims = { sub, sid, jti, role: 'user', iat, exp: iat + 900 }
const accessTokens = createAccessTokens(ring, { lifetimeSeconds: 900, issuer: () => null, audience: [] })
const genuine = [
  await accessTokens.sign('login', claims),
  await accessTokens.sign('pair', { ...claims, guid: sub, ip: '192.0.2.1', gen: 3 }),
]
const splitToken = (token: string) => token.split('.') as [string, string, string]
const encode = (part: unknown) => Buffer.from(JSON.stringify(part) ?? '').toString('base64url')

function assertOnlyGenuine(presented: string): void {
  for (const ignoreTimes of [false, true]) {
    const read = accessTokens.verify(presented, { now, ignoreTimes })
    assert.ok(!(read instanceof Promise), 'nothing is asked for a key of a secret')
    if (!genuine.includes(presented)) assert.equal(read, null)
    else assert.equal(read?.claims.jti, jti)
  }
}

test('an access token edited without its key is never verified', () => {
  const shuffled = fc
    .tuple(fc.constantFrom(...genuine), fc.array(fc.nat(2), { maxLength: 5 }), fc.constantFrom('.', '..', '', '\n'))
    .map(([token, order, dot]) => order.map((at) => splitToken(token)[at]).join(dot))
  const mixed = fc
    .array(fc.constantFrom(...genuine), { minLength: 3, maxLength: 3 })
    .map((all) => all.map((token, at) => splitToken(token)[at]).join('.'))
  const duplicates = fc.tuple(fc.constantFrom(...genuine), fc.nat(2), fc.nat(63)).map(([token, at, last]) => {
    const parts = splitToken(token)
    parts[at] = (parts[at] ?? '').slice(0, -1) + BASE64URL[last]
    return parts.join('.')
  })
  const changed = fc
    .tuple(fc.constantFrom(...genuine), fc.oneof(edits(BASE64URL), edits('+/=. \n')))
    .map(([token, changes]) => edited(token, changes))
  assertProperty(fc.oneof(changed, duplicates, shuffled, mixed, anyText), assertOnlyGenuine)
})

test('a token signed with another key or algorithm is refused, whatever its content', () => {
  const { kid } = ring.signing.login[0]
  const header = fc.record(
    {
      alg: fc.oneof(fc.constantFrom('HS256', 'HS384', 'HS512', 'none', 'RS256', 'hs256'), fc.jsonValue()),
      kid: fc.oneof(fc.constantFrom(kid, ring.signing.login[1]?.kid, strangers.signing.login[0].kid), fc.jsonValue()),
      typ: fc.oneof(fc.constantFrom('JWT', 'at+jwt', 'jwt'), fc.jsonValue()),
      jwk: fc.constant({ kty: 'oct', k: encode('x') }),
    },
    { requiredKeys: ['alg', 'kid', 'typ'] },
  )
  const body = fc.oneof(
    fc.jsonValue(),
    fc.jsonValue().map((sub) => ({ ...claims, sub })),
    fc.constant(claims),
  )
  const secret = fc.constantFrom('of another server', '', kid, 'x')
  const hash = fc.constantFrom('sha256', 'sha384', 'sha512')
  const sign = (head: unknown, content: unknown, key: string, algorithm: string) => {
    const input = `${encode(head)}.${encode(content)}`
    return `${input}.${createHmac(algorithm, key).update(input).digest('base64url')}`
  }
  assertProperty(fc.tuple(fc.oneof(header, fc.jsonValue()), body, secret, hash), ([head, content, key, algorithm]) => {
    assertOnlyGenuine(sign(head, content, key, algorithm))
    // Signs with the right key but another hash than the header names.
    const others = { HS256: 'sha512', HS512: 'sha256' } as const
    const alg = algorithm === 'sha256' ? 'HS512' : 'HS256'
    assertOnlyGenuine(sign({ alg, kid, typ: 'JWT' }, content, 'the current one', others[alg]))
  })
  assert.ok(
    accessTokens.verify(sign({ alg: 'HS256', kid, typ: 'at+jwt' }, claims, 'the current one', 'sha256'), { now }),
  )
})

const NAME = '__Host-tessera_refresh'
const edge = { allowsOrigin: () => false } as unknown as HttpContext['edge']

/** Reads the refresh token of a cookie header, null if it has none. */
function tokenInCookie(cookie: string): string | null {
  try {
    return presentedToken({ edge }, { headers: { cookie, host: 'x' } } as FastifyRequest, {}).refreshToken
  } catch (error) {
    if (error instanceof InvalidBody) return null
    throw error
  }
}

test('the refresh cookie is found among any other cookies, and no other cookie is mistaken for it', () => {
  const latin = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })
  const near = fc.constantFrom(
    '__host-tessera_refresh',
    `x${NAME}`,
    `${NAME}2`,
    'tessera_refresh',
    `%5F${NAME.slice(1)}`,
  )
  const odd = fc.constantFrom('__proto__=1', 'constructor', '=', '%', '%zz=%zz', '=x', '"', NAME, `"${NAME}=x"`)
  const other = fc.oneof(
    latin,
    odd,
    fc.tuple(near, latin).map(([name, value]) => `${name}=${value}`),
  )
  const isOther = (text: string) =>
    text.split(';').every((each) => each.split('=', 1)[0]?.trim() !== NAME || !each.includes('='))
  const others = fc.array(other.filter(isOther), { maxLength: 4 })
  const separator = fc.constantFrom(';', '; ', ' ;\t')
  const value = fc.constantFrom(...refreshTokens).map(({ encoded }) => encoded)
  assertProperty(fc.tuple(others, value, others, separator), ([before, token, behind, gap]) => {
    assert.equal(tokenInCookie([...before, ...behind].join(gap)), null)
    assert.equal(tokenInCookie([...before, `${NAME}=${token}`, ...behind].join(gap)), token)
    // Of two, the first counts: every reader of the header must see the same one.
    assert.equal(tokenInCookie([...before, `${NAME}=${token}`, ...behind, `${NAME}=x`].join(gap)), token)
  })
})

/** Whether the part of an escape behind its backslash stands for an ASCII character. */
const isAscii = (code: string) => !code.startsWith('u') || Number.parseInt(code.slice(1), 16) < 0x80

test('the keys of a JSON text are counted correctly, and a duplicate key is always detected', () => {
  let [duplicates, tooDeep, escaped] = [0, 0, 0]
  assertProperty(writtenJson('ab:"é\u0438'), ({ text, keys, depth, hasDuplicateKey }) => {
    const written = countWrittenKeys(text)
    const isEscaped = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*(:?)/g)].some(
      ([, key, colon]) => colon && [...(key ?? '').matchAll(/\\(u....|.)/g)].some(([, code]) => isAscii(code ?? '')),
    )
    assert.equal(written, depth > 16 || isEscaped ? null : keys)
    if (isEscaped) escaped++
    else if (written === null) tooDeep++
    else if (hasDuplicateKey) duplicates++
    assert.equal(countKeys(JSON.parse(text)) === keys, !hasDuplicateKey)
  })
  assert.ok(
    Math.min(duplicates, tooDeep, escaped) > 100,
    `${duplicates} with duplicates, ${tooDeep} too deep, ${escaped} escaped`,
  )
  assertProperty(fc.oneof(anyText, fc.string({ unit: fc.constantFrom(...'{}[]":\\a') })), (text) => {
    const count = countWrittenKeys(text)
    assert.ok(count === null || count <= text.length)
  })
})

test('a duplicate key is detected even if escaped, whatever was parsed before', () => {
  // V8 13.6 mistakes an escaped key for another key that begins like its escape, once it has parsed that other key.
  const twice = '{"email":"a","\\u0065mail":"b"}'
  assert.notEqual(countKeys(JSON.parse(twice)), countWrittenKeys(twice), 'before')
  JSON.parse('{"email":"a","\\\\u006":"b"}')
  assert.notEqual(countKeys(JSON.parse(twice)), countWrittenKeys(twice), JSON.stringify(JSON.parse(twice)))
})
