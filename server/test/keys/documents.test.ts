import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDatabaseProxy } from '../../../harness/database-proxy.ts'
import { decodeHeader, publishedKeys } from '../support/keys.ts'
import { startServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { emptyDatabaseUrl, onPostgres } from '../support/test-database.ts'
import { logInNewUser } from '../support/users.ts'

const JWKS = '/.well-known/jwks.json'
const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'
const DOCUMENTS = [JWKS, OAUTH, OPENID]

test('keys and metadata may be kept for five minutes, and answer 304 to a client that has them', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  for (const path of DOCUMENTS) {
    const answer = await server.get(path)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=300, stale-if-error=86400')
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    const etag = answer.headers.get('etag') ?? ''
    const again = await server.get(path, { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', etag])
    assert.equal((await server.get(path, { headers: { 'if-none-match': '"other"' } })).status, 200)
    assert.equal((await server.post(path, {})).status, 405)
  }
})

test('the keys have public members only, and never one of a shared secret', async () => {
  for (const [algorithm, members] of Object.entries({
    ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  })) {
    const server = await startServer({ JWT_ALGORITHM: algorithm })
    const { keys } = await publishedKeys(server)
    assert.equal(keys.length, 2)
    for (const key of keys) {
      assert.deepEqual(Object.keys(key).sort(), members)
      assert.deepEqual([key.alg, key.use], [algorithm, 'sig'])
    }
    assert.equal(decodeHeader((await logInNewUser(server)).access_token)['kid'], keys[0]?.kid)
  }
})

test('without public keys all three documents are 404 with the reason, and nothing may be kept', async () => {
  const server = await startServer()
  for (const path of DOCUMENTS) {
    const { status, body, headers } = await server.get(path)
    assert.equal(status, 404)
    assert.match(body.error.details.hint, /shared secret/)
    assert.equal(headers.get('cache-control'), 'no-store')
  }
})

test('the metadata name what there is, below PUBLIC_URL, and nothing to log in at', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256', PUBLIC_URL: 'https://example.com/auth' })
  const expected = {
    issuer: 'https://example.com/auth',
    jwks_uri: 'https://example.com/auth/.well-known/jwks.json',
    token_endpoint: 'https://example.com/auth/oauth/token',
    introspection_endpoint: 'https://example.com/auth/oauth/introspect',
    revocation_endpoint: 'https://example.com/auth/oauth/revoke',
    grant_types_supported: ['refresh_token'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
    revocation_endpoint_auth_methods_supported: ['none'],
  }
  // An issuer with a path has metadata behind the name (RFC 8414), or before it, where the proxy cuts the path off.
  for (const path of [OAUTH, `${OAUTH}/auth`, OPENID, `${OPENID}/auth`])
    assert.deepEqual((await server.get(path)).body, expected, path)
  for (const path of [`${OAUTH}/other`, `${OPENID}/auth/deeper`])
    assert.equal((await server.get(path)).status, 404, path)
})

test('a development server without PUBLIC_URL is its own issuer, in tokens and metadata alike', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const { issuer, jwks_uri } = (await server.get(OAUTH)).body
  assert.equal(issuer, server.url)
  assert.equal(jwks_uri, `${server.url}${JWKS}`)
  const [, claims = ''] = (await logInNewUser(server)).access_token.split('.')
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).iss, server.url)
})

test('a server that signs with the secret publishes an added key, and metadata only if its tokens name that issuer', async () => {
  const server = await startServer({ PUBLIC_URL: 'https://auth.example.com' })
  const { code, output } = await tesseraCli(server, {
    JWT_SECRET_KEY: 'the secret of all test servers that set no other',
  })('keys add --algorithm EdDSA')
  assert.equal(code, 0, output)
  assert.equal((await publishedKeys(server)).keys.length, 1)
  assert.equal((await server.get(OAUTH)).body.issuer, 'https://auth.example.com')
  const other = await startServer({
    PUBLIC_URL: 'https://a.example',
    JWT_ISSUER: 'b',
    DATABASE_URL: server.databaseUrl,
  })
  assert.equal((await other.get(JWKS)).status, 200)
  assert.match((await other.get(OAUTH)).body.error.details.hint, /JWT_ISSUER/)
})

test('keys and metadata are answered while the database is away, and as unknown by a server that never read the keys', {
  skip: !onPostgres && 'needs PostgreSQL',
}, async () => {
  const proxy = await startDatabaseProxy(await emptyDatabaseUrl())
  const server = await startServer({ JWT_ALGORITHM: 'ES256', DATABASE_URL: proxy.url })
  const secret = await startServer({ DATABASE_URL: proxy.url, PUBLIC_URL: server.url })
  const before = await publishedKeys(server)
  await proxy.close()
  server.advanceClock({ seconds: 3600 })
  assert.deepEqual(await publishedKeys(server), before)
  assert.equal((await server.get(OAUTH)).status, 200)
  assert.equal((await server.get('/ready')).status, 503)
  const unknown = await secret.get(JWKS)
  assert.equal(unknown.status, 503)
  assert.equal(unknown.headers.get('cache-control'), 'no-store')
})
