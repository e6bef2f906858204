import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { readConfig } from '../../src/config/reading/config.ts'

const [JWT_SECRET_KEY, REFRESH_SECRET_KEY] = [1, 2].map(() => randomBytes(64).toString('hex')) as [string, string]
const PRODUCTION = {
  NODE_ENV: 'production',
  TRUSTED_PROXIES: '10.0.0.1',
  JWT_SECRET_KEY,
  REFRESH_SECRET_KEY,
  JWT_ALGORITHM: 'ES256',
  PUBLIC_URL: 'https://auth.example.com',
  JWT_AUDIENCE: 'orders',
}

test('in production a key pair needs a secret that seals it, an issuer and an audience', () => {
  assert.equal(readConfig(PRODUCTION).algorithm, 'ES256')
  for (const name of ['REFRESH_SECRET_KEY', 'PUBLIC_URL', 'JWT_AUDIENCE']) {
    const settings = { ...PRODUCTION, [name]: '' }
    assert.throws(() => readConfig(settings), new RegExp(`^ConfigError: JWT_ALGORITHM=ES256: ${name} must be set`))
    assert.equal(readConfig(settings, { serves: false }).algorithm, 'ES256', 'a command needs none of them')
    assert.equal(readConfig({ ...settings, JWT_ALGORITHM: '' }).algorithm, 'HS256')
  }
})

test('the issuer is an address that verifiers compare as a text', () => {
  const settings = { JWT_ALGORITHM: 'EdDSA', PUBLIC_URL: 'https://auth.example.com' }
  assert.equal(readConfig({ ...settings, JWT_ISSUER: settings.PUBLIC_URL }).issuer, settings.PUBLIC_URL)
  assert.throws(
    () => readConfig({ ...settings, JWT_ISSUER: 'https://auth.example.com/' }),
    /JWT_ISSUER must equal PUBLIC_URL/,
  )
  for (const end of ['/', '?tenant=1', '#here', '/auth/'])
    assert.throws(
      () => readConfig({ ...settings, PUBLIC_URL: `https://auth.example.com${end}` }),
      /PUBLIC_URL must have no slash/,
    )
  assert.equal(
    readConfig({ ...settings, PUBLIC_URL: 'https://example.com/auth' }).publicUrl,
    'https://example.com/auth',
  )
  assert.equal(readConfig({ PUBLIC_URL: 'https://auth.example.com/' }).algorithm, 'HS256')
})

test('the times of keys are seconds, or have a unit, and a key is published before it signs', () => {
  const read = (rotation: string, notice: string) => {
    const config = readConfig({ JWT_ALGORITHM: 'ES256', KEY_ROTATION: rotation, KEY_NOTICE: notice })
    return [config.keyRotationSeconds, config.keyNoticeSeconds]
  }
  assert.deepEqual(read('', ''), [7_776_000, 86_400])
  assert.deepEqual(read('30d', '12h'), [2_592_000, 43_200])
  assert.deepEqual(read('90m', '45s'), [5400, 45])
  assert.deepEqual(read('off', '1d'), [null, 86_400])
  for (const wrong of ['-1', '1w', '1.5h', 'ninety days', '4000d', '99999999999'])
    assert.throws(() => read(wrong, '1'), /KEY_ROTATION must be seconds, or a number with s, m, h or d/)
  assert.throws(() => read('1h', '1d'), /KEY_ROTATION=3600 is shorter than KEY_NOTICE=86400/)
})

test('production warns of a notice that caches outlive, and development of tokens that open every service', () => {
  assert.match(readConfig({ ...PRODUCTION, KEY_NOTICE: '60' }).warnings.join(), /KEY_NOTICE=60/)
  assert.match(readConfig({ JWT_ALGORITHM: 'ES256' }).warnings.join(), /JWT_AUDIENCE is not set/)
  assert.ok(!readConfig({}).warnings.join().includes('JWT_AUDIENCE'))
})

test('names of other programs that begin with KEY or SIGNING are not taken for settings, and slips are', () => {
  assert.equal(readConfig({ KEY_VAULT_NAME: 'x', SIGNING_SECRET: 'x', KEYS_PATH: 'x' }).algorithm, 'HS256')
  assert.throws(() => readConfig({ KEY_ROTATIONS: '1d' }), /did you mean KEY_ROTATION/)
  assert.throws(() => readConfig({ JWT_ALGORITM: 'ES256' }), /did you mean JWT_ALGORITHM/)
  assert.throws(() => readConfig({ JWT_ALGORITHM: 'HS512' }), /JWT_ALGORITHM must be HS256, ES256, EdDSA or RS256/)
})
