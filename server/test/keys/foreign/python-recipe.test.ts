import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encode, publishedKeys, signAs } from '../../support/keys.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { decodeClaims, issuePair, logInNewUser } from '../../support/users.ts'
import { noPyJwt, startPython } from './python.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/protecting-your-api.md'), 'utf8')
const [, RECIPE = ''] = /```python\n(# tessera\.py\n.*?)```/s.exec(page) ?? []
const ISSUER = 'https://auth.example.com'
const SETTINGS = { JWT_ALGORITHM: 'ES256', JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'orders,invoices', PUBLIC_URL: ISSUER }

/** Runs the recipe as printed, but for the address of the keys: the issuer is not here. */
function start(server: Pick<TestServer, 'url'>) {
  const address = '{ISSUER}/.well-known'
  assert.ok(RECIPE.includes(address))
  return startPython(RECIPE.replace(address, `${server.url}/.well-known`), { TESSERA_URL: ISSUER })
}

/** Makes tokens that an API must refuse, by reason. */
async function refusedTokens(server: TestServer) {
  const genuine = await logInNewUser(server)
  const [header = '', payload = '', signature = ''] = genuine.access_token.split('.')
  const claims = decodeClaims(genuine.access_token)
  const [published] = (await publishedKeys(server)).keys
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const foreign = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  const [own, stranger, nowhere] = [
    await startServer({ ...SETTINGS, JWT_AUDIENCE: 'invoices', DATABASE_URL: server.databaseUrl }),
    await startServer({ ...SETTINGS, PUBLIC_URL: 'https://other.example', JWT_ISSUER: 'https://other.example' }),
    await startServer({ JWT_ALGORITHM: 'HS256' }),
  ]
  const past = await startServer({ ...SETTINGS, DATABASE_URL: server.databaseUrl }, {}, () => Date.now() - 912_000)
  return {
    'its role raised': [header, encode({ ...claims, role: 'admin' }), signature].join('.'),
    'its signature cut off': `${header}.${payload}.`,
    'its signature altered': `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    'alg none': `${encode({ alg: 'none', typ: 'JWT', kid: published?.kid })}.${payload}.`,
    'of a foreign key under a published id': signAs({ alg: 'ES256', kid: published?.kid }, claims, foreign, 'sha256'),
    'with its own key in the header': signAs(
      { alg: 'ES256', kid: 'new', jwk: publicKey.export({ format: 'jwk' }) },
      claims,
      foreign,
      'sha256',
    ),
    'of an unknown key': signAs({ alg: 'ES256', kid: 'unknown' }, claims, foreign, 'sha256'),
    'without an id of a key': signAs({ alg: 'ES256' }, claims, foreign, 'sha256'),
    'with an id that is no text': signAs({ alg: 'ES256', kid: ['x'] }, claims, foreign, 'sha256'),
    'for another API': (await logInNewUser(own)).access_token,
    'of another issuer': (await logInNewUser(stranger)).access_token,
    'of the shared secret': (await logInNewUser(nowhere)).access_token,
    'of a pair': (await issuePair(server)).access_token,
    'expired a few seconds ago': (await logInNewUser(past)).access_token,
    'a refresh token': genuine.refresh_token,
    'no token at all': '',
    words: 'not a token',
    'another alphabet': 'ключ.ключ.ключ',
  }
}

test('the recipe for Python accepts the tokens of logins, and refuses all others', { skip: noPyJwt }, async () => {
  const server = await startServer(SETTINGS)
  const claimsOf = start(server)
  const { user, access_token } = await logInNewUser(server)
  for (const scheme of ['Bearer', 'bearer'])
    assert.equal((await claimsOf(`${scheme} ${access_token}`))?.['sub'], user.guid)
  for (const header of ['', access_token, `Basic ${access_token}`]) assert.equal(await claimsOf(header), null, header)
  for (const [reason, token] of Object.entries(await refusedTokens(server)))
    assert.equal(await claimsOf(`Bearer ${token}`), null, reason)
  assert.equal((await claimsOf(`Bearer ${access_token}`))?.['sub'], user.guid, 'and still accepts a genuine token')
})

test('a flood of unknown keys lets the recipe for Python read the keys once more', { skip: noPyJwt }, async () => {
  const server = await startServer(SETTINGS)
  const text = JSON.stringify(await publishedKeys(server))
  let reads = 0
  const cache = createServer((_request, response) => {
    reads += 1
    response.end(text)
  })
  await new Promise<void>((resolve) => cache.listen(0, '127.0.0.1', resolve))
  after(() => cache.close())
  const claimsOf = start({ url: `http://127.0.0.1:${(cache.address() as AddressInfo).port}` })
  const { access_token } = await logInNewUser(server)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (let index = 0; index < 50; index++) {
    const token = signAs({ alg: 'ES256', kid: `unknown ${index}` }, decodeClaims(access_token), privateKey, 'sha256')
    assert.equal(await claimsOf(`Bearer ${token}`), null)
  }
  assert.equal(reads, 2)
  assert.ok(await claimsOf(`Bearer ${access_token}`))
})
