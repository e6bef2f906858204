import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../src/config/reading/config.ts'
import { temporaryFolder } from '../support/test-database.ts'

const GOOD = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'
const PRODUCTION = { NODE_ENV: 'production', JWT_SECRET_KEY: GOOD }

function assertRefused(environment: Record<string, string>, sentence: RegExp) {
  assert.throws(
    () => readConfig(environment),
    (error: Error) => {
      assert.equal(error.name, 'ConfigError')
      assert.match(error.message, sentence)
      assert.doesNotMatch(error.message, /\n/)
      return true
    },
  )
}

test('the defaults are those of the contracts and of development', () => {
  const config = readConfig({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 3000)
  assert.deepEqual(config.secrets.database, { kind: 'sqlite', file: 'data/tessera.db' })
  assert.equal(config.accessTokenLifetimeSeconds, 900)
  assert.equal(config.refreshTokenLifetimeSeconds, 604_800)
  assert.equal(config.sessionMaxAgeSeconds, 2_592_000)
  assert.equal(config.rotation, 'adaptive')
  assert.equal(config.replayWindowSeconds, 30)
  assert.equal(config.pairIssuance, 'demo')
  assert.ok(config.demoFrom.includes('127.0.0.1') && config.demoFrom.includes('::1'))
  assert.ok(!config.demoFrom.includes('192.0.2.1'))
  assert.deepEqual(config.passwordHash, { algorithm: 'argon2id' })
  assert.deepEqual(readConfig({ PASSWORD_HASH: 'bcrypt' }).passwordHash, { algorithm: 'bcrypt', cost: 12 })
  assert.equal(config.rateLimit, true)
  assert.equal(config.logLevel, 'info')
})

test('production has stricter defaults', () => {
  const config = readConfig(PRODUCTION)
  assert.equal(config.host, '0.0.0.0')
  assert.equal(config.pairIssuance, 'off', 'service issuance without keys')
  assert.equal(readConfig({ ...PRODUCTION, SERVICE_KEYS: GOOD.slice(0, 32) }).pairIssuance, 'service')
})

test('MAIL_FROM is an address with or without a name, and SMTP_URL requires it', () => {
  const from = (MAIL_FROM: string) => readConfig({ MAIL_FROM }).mailFrom
  assert.deepEqual(from('no-reply@acme.example'), { name: null, address: 'no-reply@acme.example' })
  assert.deepEqual(from('Acme Ltd <no-reply@acme.example>'), { name: 'Acme Ltd', address: 'no-reply@acme.example' })
  assert.deepEqual(from('"Acme, Ltd" <a@b.example>'), { name: 'Acme, Ltd', address: 'a@b.example' })
  assert.deepEqual(from('<a@b.example>'), { name: null, address: 'a@b.example' })
  for (const bad of [
    'Acme',
    'Acme a@b.example',
    'a@b.example, c@d.example',
    'A <a@b.example>\r\nBcc: c@d.example',
    'a@b',
  ]) {
    assertRefused({ MAIL_FROM: bad }, /^MAIL_FROM must look like/)
  }
  const urls = ['smtp://', 'smtp:host', 'smtp://h/path', 'smtp://h?requireTLS=false', 'smtp://h#x', 'smtp://u:100%@h']
  for (const SMTP_URL of urls) {
    assertRefused({ SMTP_URL, MAIL_FROM: 'a@b.example' }, /^SMTP_URL must look like .*, without path or options\.$/)
  }
  for (const SMTP_URL of ['smtp://h', 'smtps://u:p%40ss@h:465', 'smtp://[::1]:25/']) {
    assert.equal(readConfig({ SMTP_URL, MAIL_FROM: 'a@b.example' }).secrets.smtpUrl, SMTP_URL)
  }
  assertRefused({ SMTP_URL: 'smtp://localhost' }, /^SMTP_URL is set without MAIL_FROM/)
})

test('production refuses secrets that are missing, short, repetitive, documented, or contain a comma', () => {
  assertRefused({ NODE_ENV: 'production' }, /^JWT_SECRET_KEY must be set/)
  const secrets: [string, RegExp][] = [
    [GOOD.slice(0, 63), /shorter than 64 bytes/],
    ['a'.repeat(64), /repeats itself/],
    ['abcdefghijklmnop'.repeat(4), /repeats itself/],
    [`abcdefghij${'a'.repeat(54)}`, /repeats itself/],
    ['password'.repeat(9), /repeats itself/],
    [`${'0123456789'.repeat(6)}0123`, /repeats itself/],
    ['abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_', /is a sequence/],
    ['your_secret_key_here_change_this_in_production', /documentation/],
    [`${GOOD}-change_this-${GOOD}`, /documentation/],
    [`${GOOD},${GOOD}x`, /comma/],
  ]
  for (const [secret, sentence] of secrets) {
    assertRefused({ ...PRODUCTION, JWT_SECRET_KEY: secret }, sentence)
    assertRefused({ ...PRODUCTION, REFRESH_SECRET_KEY: secret }, secret.includes(',') ? /comma/ : sentence)
    assert.equal(readConfig({ JWT_SECRET_KEY: secret }).warnings.length, 1, 'development warns')
  }
  assertRefused({ ...PRODUCTION, JWT_PREVIOUS_SECRET_KEYS: `${GOOD},short` }, /^JWT_PREVIOUS_SECRET_KEYS is shorter/)
  assertRefused({ ...PRODUCTION, REFRESH_SECRET_KEY: GOOD }, /same as JWT_SECRET_KEY/)
  assertRefused({ ...PRODUCTION, SERVICE_KEYS: 'short' }, /^SERVICE_KEYS is shorter than 32 bytes/)
  assertRefused({ ...PRODUCTION, SERVICE_KEYS: 'x'.repeat(32) }, /^SERVICE_KEYS repeats itself/)
  assertRefused({ ...PRODUCTION, SERVICE_KEYS: GOOD }, /^SERVICE_KEYS is the same as JWT_SECRET_KEY/)
})

test('a production server lists its unwise settings once, each with a remedy; wise settings give no warning', () => {
  const wise = { ...PRODUCTION, DATABASE_URL: 'postgres://h/d?sslmode=verify-full', REDIS_URL: 'rediss://h' }
  assert.deepEqual(readConfig(wise).warnings, [])
  const unwise = {
    RATE_LIMIT: 'off',
    REQUIRE_HTTPS: 'off',
    HSTS: 'off',
    JWT_ACCESS_TOKEN_EXPIRATION: '86400',
    SESSION_MAX_AGE: '31536000',
    REFRESH_REPLAY_WINDOW: '600',
    CORS_ORIGINS: 'http://app.example',
    PUBLIC_URL: 'http://auth.example',
    TRUSTED_PROXIES: '10.0.0.0/8',
    SMTP_URL: 'smtp://mail.example',
    REDIS_URL: 'redis://redis.example',
    DATABASE_URL: 'postgres://h/d',
    BCRYPT_COST: '6',
    PASSWORD_RESET_URL: 'https://app.example/reset?token={token}#top',
  }
  const settings = { ...PRODUCTION, ...unwise, MAIL_FROM: 'a@b.example', PASSWORD_HASH: 'bcrypt' }
  const { warnings } = readConfig(settings)
  for (const name of Object.keys(unwise)) {
    const about = warnings.filter((warning) => warning.startsWith(name))
    assert.equal(about.length, 1, `${name}: ${warnings.join(' ')}`)
    assert.match(about[0] ?? '', /[;,] .*\.$/, 'says what to do')
  }
  assert.equal(warnings.length, Object.keys(unwise).length)
  assert.deepEqual(readConfig({ ...settings, NODE_ENV: 'development' }).warnings, [], 'development has none')
  const elsewhere = { ...PRODUCTION, DATABASE_URL: 'postgres://localhost/d?host=db.example' }
  assert.match(readConfig(elsewhere).warnings.join(), /^DATABASE_URL goes to another host/)
  assert.deepEqual(readConfig({ ...PRODUCTION, DATABASE_URL: 'postgres:///d?host=/run/postgresql' }).warnings, [])
})

test('settings that would leave users without a mail, or mails without a link, are refused', () => {
  const mail = { SMTP_URL: 'smtps://u:p@mail.example', MAIL_FROM: 'a@b.example', PUBLIC_URL: 'https://id.example' }
  for (const name of ['REQUIRE_VERIFIED_EMAIL', 'HIDE_ACCOUNT_EXISTENCE', 'EMAIL_LOGIN']) {
    assertRefused({ ...PRODUCTION, [name]: 'on' }, new RegExp(`^${name}=on locks users out unless mails are sent; set`))
    readConfig({ ...PRODUCTION, ...mail, [name]: 'on' })
    readConfig({ [name]: 'on' })
  }
  assertRefused({ ...PRODUCTION, ...mail, PUBLIC_URL: '' }, /^SMTP_URL is set without PUBLIC_URL/)
  assertRefused({ EMAIL_SIGN_UP: 'on' }, /^EMAIL_SIGN_UP=on has no effect without EMAIL_LOGIN=on/)
  assertRefused({ NOT_ME_URL: 'https://app.example/not-me' }, /^NOT_ME_URL must have \{token\} where the token goes/)
  const own = readConfig({ NOT_ME_URL: 'https://app.example/#/not-me?t={token}' })
  assert.equal(own.notMeUrl, 'https://app.example/#/not-me?t={token}')
})

test('times are seconds, or a number with a unit', () => {
  const lifetime = (SESSION_MAX_AGE: string) => readConfig({ SESSION_MAX_AGE }).sessionMaxAgeSeconds
  assert.deepEqual(['900', '900s', '15m', '12h', '30d'].map(lifetime), [900, 900, 900, 43_200, 2_592_000])
  for (const value of ['5w', '1.5h', '-5s', 's', '5 s', '99999d']) assertRefused({ SESSION_MAX_AGE: value }, /seconds/)
  assert.equal(readConfig({}).shutdownDelaySeconds, 0)
  assert.equal(readConfig(PRODUCTION).shutdownDelaySeconds, 5)
})

test('contradictory and invalid values are refused in one sentence', () => {
  assertRefused({ ...PRODUCTION, PAIR_ISSUANCE: 'demo' }, /refused in production/)
  assertRefused({ NODE_ENV: 'prod' }, /development, production or test/)
  assertRefused({ PORT: 'http' }, /^PORT must be a whole number from 0 to 65535, not "http"\.$/)
  assertRefused({ PORT: '65536' }, /PORT/)
  for (const value of ['0', '-1', '1.5', '1e3', ' 900', 'fifteen']) {
    assertRefused({ JWT_ACCESS_TOKEN_EXPIRATION: value }, /^JWT_ACCESS_TOKEN_EXPIRATION must be a whole number/)
  }
  assertRefused({ REFRESH_TOKEN_ROTATION: 'off' }, /adaptive or strict/)
  assertRefused({ DATABASE_URL: 'mysql://x' }, /DATABASE_URL must look like/)
  for (const value of ['sqlite:', 'sqlite://data/x.db', 'sqlite:////x']) {
    assertRefused({ DATABASE_URL: value }, /DATABASE_URL must look like/)
  }
  assertRefused({ DATABASE_URL: 'sqlite::memory:' }, /must name a file/)
  for (const hosts of ['a,b', 'a:5432,b:5432', 'me:p,w@a,b'])
    assertRefused({ DATABASE_URL: `postgres://${hosts}/d` }, /^DATABASE_URL names several hosts; name one/)
  assert.equal(readConfig({ DATABASE_URL: 'postgres://me:p,w@a/d' }).secrets.database.kind, 'postgres')
  assertRefused({ DATABASE_URL: 'sqlite:file:x.db?mode=memory' }, /must name a file/)
  assertRefused({ DATABASE_URL: 'postgres://h/d?schema=x' }, /^DATABASE_URL has the option schema, which is none of/)
  assertRefused({ DATABASE_URL: 'postgres://h/d?sslmode=verify-full&sslmode=no-verify' }, /the option sslmode twice/)
  assertRefused({ REDIS_URL: 'REDIS://h' }, /^REDIS_URL must be a URL beginning with/)
  assertRefused({ SMTP_URL: 'smtp://a%4:1b@h', MAIL_FROM: 'a@b.example' }, /^SMTP_URL must look like/)
  assertRefused({ DATABASE_URL: 'postgres://h/d?sslmode=allow' }, /sslmode=verify-full, no-verify or disable/)
  assertRefused(
    { DATABASE_URL: 'postgres://h/d?sslrootcert=/nowhere.pem' },
    /nowhere.pem of sslrootcert cannot be read/,
  )
  for (const mode of ['require', 'prefer', 'verify-ca', 'verify-full']) {
    const { database } = readConfig({ DATABASE_URL: `postgres://h/d?sslmode=${mode}&options=-c%20a=b` }).secrets
    assert.deepEqual(database, { kind: 'postgres', url: 'postgres://h/d?sslmode=verify-full&options=-c%20a=b' }, mode)
  }
  assert.deepEqual(readConfig({ DATABASE_URL: 'sqlite:///a/b.db' }).secrets.database, {
    kind: 'sqlite',
    file: '/a/b.db',
  })
  assert.deepEqual(readConfig({ DATABASE_URL: 'sqlite:/a/b.db' }).secrets.database, { kind: 'sqlite', file: '/a/b.db' })
  assertRefused({ SERVICE_KEYS: 'abc@def' }, /no Authorization: Bearer header can carry/)
  assertRefused({ TRUSTED_PROXIES: '10.0.0.0/8, 0.0.0.0/0' }, /must not cover every address/)
  assertRefused({ TRUSTED_PROXIES: 'proxy.internal' }, /neither an IP address nor a CIDR range/)
  assertRefused({ DEMO_FROM: '10.0.0.0/33' }, /neither/)
  assertRefused({ CORS_ORIGINS: 'https://a.example/' }, /is not an origin/)
  assertRefused({ CORS_ORIGINS: '*' }, /is not an origin/)
  assertRefused({ SMTP_URL: 'CANARY' }, /^SMTP_URL must look like /)
  assertRefused({ BCRYPT_COST: '3' }, /BCRYPT_COST/)
  assertRefused({ PASSWORD_HASH: 'md5' }, /bcrypt or argon2id/)
  assertRefused({ LOG_LEVEL: 'loud' }, /LOG_LEVEL/)
})

test('a misspelled setting is refused, and settings of other programs are ignored', () => {
  assertRefused(
    { REFRESH_TOKEN_ROTATON: 'strict' },
    /^REFRESH_TOKEN_ROTATON .*; did you mean REFRESH_TOKEN_ROTATION\? If another program needs it, keep it out of .*/,
  )
  assertRefused({ DATABASE_UR: 'x' }, /did you mean DATABASE_URL\?/)
  assertRefused({ LOG_LEVLE: 'x' }, /did you mean LOG_LEVEL\?/)
  const foreign = {
    JWT_SECRET: 'JWT_SECRET_KEY',
    REFRESH_TOKEN_SECRET: 'REFRESH_SECRET_KEY',
    JWT_EXPIRES_IN: 'JWT_ACCESS_TOKEN_EXPIRATION',
    MAIL_HOST: 'SMTP_URL',
  }
  for (const [name, ours] of Object.entries(foreign))
    assertRefused({ [name]: 'x' }, new RegExp(`^${name} is not a setting; did you mean ${ours}\\?`))
  for (const name of ['SESSION_SECRET', 'SERVICE_NAME', 'RATE_LIMIT_MAX'])
    assertRefused({ [name]: 'x' }, /docs\/configuration\.md lists .* If another program needs it, keep it out of the /)
  assertRefused({ PAIR_ISSUANCE_FILE: 'x' }, /is not a setting/)
  readConfig({ DATABASE_URL: 'sqlite:x', DATABASE_URI: 'x', HOME: 'x', POST: 'x', SORT: 'x', REDIS_HOST: 'x' })
  readConfig({ REFRESH_TOKEN: 'x', ACCESS_TOKEN: 'x' }) // the examples of docs/api.md
  readConfig({ PATH: 'x', HOSTNAME: 'x', SMTP_SERVICE_HOST: 'x', SMTP_PORT_25_TCP_ADDR: 'x', SESSION_MANAGER: 'x' })
})

test('a secret can be read from a file, and cannot be set twice', () => {
  const file = join(temporaryFolder(), 'secret')
  writeFileSync(file, `${GOOD}\n`)
  for (const bytes of [Buffer.alloc(80, 0xe9), Buffer.from(GOOD, 'utf16le'), Buffer.from(`\uFEFF${GOOD}`)]) {
    const odd = join(temporaryFolder(), 'odd')
    writeFileSync(odd, bytes)
    assertRefused({ JWT_SECRET_KEY_FILE: odd }, /^JWT_SECRET_KEY_FILE must be a file of plain UTF-8 text/)
  }
  assert.equal(readConfig({ JWT_SECRET_KEY_FILE: file }).secrets.jwtSecretKey, GOOD)
  assertRefused(
    { JWT_SECRET_KEY_FILE: file, JWT_SECRET_KEY: 'x' },
    /JWT_SECRET_KEY and JWT_SECRET_KEY_FILE are both set/,
  )
  const empty = join(temporaryFolder(), 'empty')
  writeFileSync(empty, '\n')
  assertRefused({ REFRESH_SECRET_KEY_FILE: empty }, /^REFRESH_SECRET_KEY_FILE names an empty file/)
  assertRefused({ JWT_SECRET_KEY_FILE: `${file}.missing` }, /JWT_SECRET_KEY_FILE cannot be read/)
})

test('an empty value means not set', () => {
  assert.equal(readConfig({ PORT: '', JWT_SECRET_KEY: '', TRUSTED_PROXIES: '' }).port, 3000)
})
