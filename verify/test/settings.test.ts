import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifier, type VerifierOptions } from '../src/create-verifier.ts'

const issuer = 'https://auth.example.com'
const secret = 'a secret'

const REFUSED: [options: unknown, message: RegExp][] = [
  [undefined, /needs an object/],
  [null, /needs an object/],
  [{}, /without a key/],
  [{ secret: undefined }, /without a key/],
  [{ audience: 'orders' }, /without a key/],
  [{ secret: '' }, /secret must be a text that is not empty/],
  [{ secret: '  ' }, /secret must be a text/],
  [{ secret: [] }, /secret must be a text/],
  [{ secret: [secret, ''] }, /secret must be a text/],
  [{ secret: new Uint8Array(64) }, /secret must be a text/],
  [{ issuer: '' }, /issuer must be an address/],
  [{ issuer: 'auth.example.com' }, /issuer must be an address/],
  [{ issuer: 'file:///etc/keys' }, /issuer must be an address/],
  [{ issuer: [issuer] }, /issuer must be an address/],
  [{ issuer: `${issuer}/` }, /must not end with a slash/],
  [{ jwksUrl: 'javascript:1' }, /jwksUrl must be an address/],
  [{ jwksUrl: new URL(issuer) }, /jwksUrl must be an address/],
  [{ issuer, audience: '' }, /audience must be a text/],
  [{ issuer, audience: [] }, /audience must be a text/],
  [{ issuer, audiance: 'orders' }, /there is no option audiance; there are issuer, jwksUrl/],
  [{ issuer, algorithms: [] }, /at least one name/],
  [{ issuer, algorithms: 'ES256' }, /at least one name/],
  [{ issuer, algorithms: ['none'] }, /has none, which Tessera does not sign with/],
  [{ secret, algorithms: ['HS384'] }, /has HS384, which Tessera does not sign with/],
  [{ issuer, algorithms: ['HS256'] }, /has HS256, which needs a secret/],
  [{ secret, algorithms: ['ES256'] }, /has ES256, which needs issuer or jwksUrl/],
  [{ secret, issuer, algorithms: ['ES256'] }, /secret is set, and algorithms has none that uses it/],
  [{ issuer, clockToleranceSeconds: 61 }, /clockToleranceSeconds/],
  [{ issuer, clockToleranceSeconds: -1 }, /clockToleranceSeconds/],
  [{ issuer, clockToleranceSeconds: Number.NaN }, /clockToleranceSeconds/],
  [{ issuer, maxAuthAgeSeconds: 0 }, /maxAuthAgeSeconds/],
  [{ issuer, now: 1 }, /now must be a function/],
  [{ issuer, fetch: 'fetch' }, /fetch must be a function/],
  [{ issuer, revocations: true }, /revocations must be an object/],
  [{ issuer, revocations: { staleAfter: 30 } }, /there is no option revocations.staleAfter; there are url/],
  [{ issuer, revocations: { staleAfterSeconds: 0 } }, /staleAfterSeconds/],
  [{ issuer, revocations: { whenStale: 'ignore' } }, /'accept' or 'reject'/],
  [{ issuer, revocations: { mode: 'edge' } }, /'background' or 'onDemand'/],
  [{ issuer, revocations: { serviceKey: '' } }, /serviceKey must be a text/],
  [{ issuer, revocations: { url: '/revocations' } }, /revocations.url must be an address/],
  [{ issuer, revocations: { waitUntil: () => {} } }, /waitUntil needs mode/],
  [{ secret, revocations: {} }, /revocations.url is needed/],
  [{ jwksUrl: `${issuer}/keys`, revocations: {} }, /revocations.url is needed/],
]

test('settings that could verify nothing, or something else than meant, stop the start and name themselves', () => {
  for (const [options, message] of REFUSED) {
    assert.throws(() => createVerifier(options as VerifierOptions).close(), { name: 'TypeError', message })
  }
})

test('settings that can verify something are taken', () => {
  const accepted: VerifierOptions[] = [
    { issuer },
    { issuer: `${issuer}/auth`, audience: ['orders', 'stock'] },
    { jwksUrl: `${issuer}/.well-known/jwks.json`, algorithms: ['ES256'] },
    { secret },
    { secret: [secret, 'the one before'], issuer, now: () => new Date() },
    { secret, issuer, algorithms: ['HS256', 'HS512'] },
    { issuer, maxAuthAgeSeconds: 3600, clockToleranceSeconds: 5, fetch },
  ]
  for (const options of accepted) createVerifier(options).close()
})
