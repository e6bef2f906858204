import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import type { JWK } from 'jose'
import pg from 'pg'
import sql from 'sql-template-tag'
import { decodeHeader, encode, publishedKeys, signAs } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { decodeClaims, issuePair, logInNewUser, logOut, me } from '../support/users.ts'
import { BEARER, introspect, postForm, revoke, SERVICE_KEYS } from './ask.ts'

const SECRET = 'a secret that services from before still hold: 64 bytes or more of it'

/** Every statement sent to the database, whatever sends it. */
const sent: string[] = []
if (onPostgres) {
  const query = pg.Client.prototype.query
  pg.Client.prototype.query = function (this: pg.Client, ...given: Parameters<typeof query>) {
    const [first] = given as unknown as [string | { text: string }]
    sent.push(typeof first === 'string' ? first : first.text)
    return query.apply(this, given)
  } as typeof query
} else {
  const { all } = StatementSync.prototype
  StatementSync.prototype.all = function (this: StatementSync, ...values: Parameters<typeof all>) {
    sent.push(this.sourceSQL)
    return all.apply(this, values)
  } as typeof all
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (script) {
    sent.push(script)
    return exec.call(this, script)
  }
}

const mac = (header: object, claims: unknown, secret: string, hash = 'sha256') => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

/** Makes more than forty tokens that are no living access token of the server, each with the reason. */
async function badTokens(server: TestServer): Promise<[why: string, token: string][]> {
  const { access_token: good, refresh_token, user } = await logInNewUser(server)
  const pair = await issuePair(server, user.guid)
  const ended = await logInNewUser(server)
  await logOut(server, ended.refresh_token)
  const deleted = await logInNewUser(server)
  await server.delete(`/api/v1/users/${deleted.user.id}`, { bearer: deleted.access_token })
  const disabled = await logInNewUser(server)
  await server.rows(sql`update users set disabled_at = ${new Date()} where id = ${disabled.user.id} returning id`)
  const [header, claims] = [decodeHeader(good), decodeClaims(good)]
  const pairKid = decodeHeader(pair.access_token)['kid']
  const [head = '', body = '', signature = ''] = good.split('.')
  const [jwk] = (await publishedKeys(server)).keys as [JWK]
  const pem = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  }) as string
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const signedElsewhere = (changed: object) =>
    signAs({ ...header, ...changed }, claims, { key: foreign, dsaEncoding: 'ieee-p1363' }, 'sha256')
  const unsigned = ['none', 'None', '', null, 'HS384', 'PS256', 'es256'].flatMap((alg): [string, string][] => [
    [`alg ${alg}`, `${encode({ ...header, alg })}.${body}.${signature}`],
    [`alg ${alg}, unsigned`, `${encode({ ...header, alg })}.${body}.`],
  ])
  return [
    ['a refresh token', refresh_token],
    ['a refresh token of a pair', pair.refresh_token],
    ['an ended session', ended.access_token],
    ['a deleted user', deleted.access_token],
    ['a disabled user', disabled.access_token],
    ...unsigned,
    ['a word', 'x'],
    ['white space', ' '],
    ['NUL', '\0'],
    ['dots', '...'],
    ['JSON', '{"active":true}'],
    ['a GUID', user.guid],
    ['an id of a session', String(claims['sid'])],
    ['a doubled token', `${good}${good}`],
    ['two tokens', `${good} ${good}`],
    ['Bearer before it', `Bearer ${good}`],
    ['a space after it', `${good} `],
    ['padding', `${good}=`],
    ['four parts', `${good}.x`],
    ['no signature', `${head}.${body}`],
    ['another role', `${head}.${encode({ ...claims, role: 'admin' })}.${signature}`],
    ['another user', `${head}.${encode({ ...claims, sub: deleted.user.guid })}.${signature}`],
    ['__proto__ in the claims', `${head}.${encode('{"__proto__":{"sub":"x"}}')}.${signature}`],
    ['the public key as a secret', mac({ ...header, alg: 'HS256' }, claims, pem)],
    ['the key as text, as a secret', mac({ ...header, alg: 'HS256' }, claims, JSON.stringify(jwk))],
    ['the kid of pairs over the public key', mac({ alg: 'HS512', typ: 'JWT', kid: pairKid }, claims, pem, 'sha512')],
    ['a login in the algorithm of pairs', mac({ alg: 'HS512', typ: 'JWT', kid: pairKid }, claims, SECRET, 'sha512')],
    ['a foreign key with our kid', signedElsewhere({})],
    ['an unknown kid', signedElsewhere({ kid: 'k'.repeat(43) })],
    ['no kid', signedElsewhere({ kid: undefined })],
    ['a list as kid', signedElsewhere({ kid: ['x'] })],
    ['a key in the header', signedElsewhere({ jwk: createPublicKey(foreign).export({ format: 'jwk' }) })],
    ['an address of keys', signedElsewhere({ jku: 'https://evil.example/jwks' })],
    ['ten thousand characters', 'x'.repeat(10_000)],
    ['ten thousand dots', '.'.repeat(10_000)],
    ['a valid token with ten thousand characters behind', `${good}${'A'.repeat(10_000)}`],
  ]
}

test('every token that is no living access token gets the same bytes, at introspection and at revocation', async () => {
  const server = await startServer({ SERVICE_KEYS, JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: SECRET })
  const bad = await badTokens(server)
  assert.ok(bad.length >= 40, `${bad.length}`)
  for (const [why, token] of bad) {
    const asked = [
      await introspect(server, token),
      await server.post('/oauth/introspect', { token }, { headers: BEARER }),
    ]
    for (const { status, text } of asked) assert.deepEqual([status, text], [200, '{"active":false}'], why)
  }
  const survivor = await logInNewUser(server)
  for (const [why, token] of bad.filter(([, each]) => each.length !== 86)) {
    const { status, text } = await revoke(server, token)
    assert.deepEqual([status, text], [200, ''], why)
  }
  assert.equal((await me(server, survivor.access_token)).status, 200)
  const logins = await server.rows(sql`select id from audit_events where kind = ${'logout'}`)
  assert.equal(logins.length, 1, 'the logout above, and no revocation')
  assert.deepEqual(
    server.logs.filter(({ level }) => Number(level) >= 50),
    [],
  )
})

test('no token reaches the log, an answer or the audit', async () => {
  const server = await startServer({ SERVICE_KEYS })
  const { access_token, refresh_token } = await logInNewUser(server)
  const answers = [
    await introspect(server, access_token),
    await postForm(server, '/oauth/introspect', `token=${refresh_token}&token=${access_token}`, BEARER),
    await postForm(server, `/oauth/introspect?token=${access_token}`, { token: refresh_token }, BEARER),
    await revoke(server, access_token),
    await revoke(server, refresh_token),
  ]
  const audit = await server.rows(sql`select * from audit_events`)
  const written = JSON.stringify([server.logs, audit, answers.map(({ text }) => text)])
  for (const secret of [access_token, refresh_token, BEARER.authorization.slice(7)])
    assert.ok(!written.includes(secret))
})

test('a flood of unknown kids causes no reading of keys beyond that of every second, with a key pair or a secret', async () => {
  for (const settings of [{ JWT_ALGORITHM: 'ES256' }, { JWT_ALGORITHM: 'HS256' }]) {
    const server = await startServer({ SERVICE_KEYS, ...settings })
    await introspect(server, 'x')
    const [before, since] = [sent.length, performance.now()]
    for (let round = 0; round < 10; round++) {
      const tokens = Array.from({ length: 40 }, (_, at) => {
        const header = { alg: 'ES256', typ: 'JWT', kid: String(round * 40 + at).padStart(43, 'k') }
        return `${encode(header)}.${encode({ sub: 'x' })}.${'A'.repeat(86)}`
      })
      const answers = tokens.flatMap((token) => [introspect(server, token), revoke(server, token)])
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
    }
    const seconds = (performance.now() - since) / 1000
    const readings = sent.slice(before).filter((text) => /from signing_keys/.test(text))
    // A server that signs with the secret reads them for the first time then.
    assert.ok(readings.length <= seconds + 4, `keys were read ${readings.length} times in ${seconds} s for 800 tokens`)
    await server.close()
  }
})
