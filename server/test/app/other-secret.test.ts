import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { readKeySightings } from '../../src/storage/database/key-sightings.ts'
import { startServer } from '../support/server.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl } from '../support/test-database.ts'

const secret = () => randomBytes(64).toString('hex')
const production = (DATABASE_URL: string, secrets: Record<string, string>) => ({
  ...{ NODE_ENV: 'production', REQUIRE_HTTPS: 'off', HOST: '127.0.0.1', SHUTDOWN_DELAY: '0' },
  DATABASE_URL,
  ...secrets,
})

test('a replica with another secret is refused in production, and says which setting is wrong', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const [jwt, refresh] = [secret(), secret()]
  const right = { JWT_SECRET_KEY: jwt, REFRESH_SECRET_KEY: refresh }
  const first = await startProcess({ environment: production(databaseUrl, right) })
  const cases: [Record<string, string>, RegExp][] = [
    [{ ...right, JWT_SECRET_KEY: secret() }, /made with another JWT_SECRET_KEY \(key [\w-]{12}, seen at 20\S+\)/],
    [
      { ...right, REFRESH_SECRET_KEY: secret() },
      /made with another REFRESH_SECRET_KEY .* REFRESH_PREVIOUS_SECRET_KEYS/,
    ],
    [{ JWT_SECRET_KEY: jwt }, /made with another JWT_SECRET_KEY/],
  ]
  for (const [secrets, sentence] of cases) {
    const { code, output } = await runToEnd(['start'], { environment: production(databaseUrl, secrets) })
    assert.equal(code, 1)
    assert.match(
      output.trim().split('\n').at(-1) ?? '',
      /^tessera: The tokens of this database .* start --new-key if you mean it\.$/,
    )
    assert.match(output, sentence)
  }
  const laptop = await runToEnd(['start'], { environment: { DATABASE_URL: databaseUrl } })
  assert.match(laptop.output, /made with another JWT_SECRET_KEY/, 'a shell that does not say production')
  await startProcess({ environment: production(databaseUrl, right) })
  assert.equal(await first.end('SIGTERM'), 0)
})

test('a key is changed in three steps without a refusal, at whatever step a replica restarts', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const [old, next] = [secret(), secret()]
  const steps = [
    { JWT_SECRET_KEY: old },
    { JWT_SECRET_KEY: old, JWT_PREVIOUS_SECRET_KEYS: next },
    { JWT_SECRET_KEY: next, JWT_PREVIOUS_SECRET_KEYS: old },
    { JWT_SECRET_KEY: old, JWT_PREVIOUS_SECRET_KEYS: next },
    { JWT_SECRET_KEY: next, JWT_PREVIOUS_SECRET_KEYS: old },
    { JWT_SECRET_KEY: next },
  ]
  for (const secrets of steps) {
    const server = await startServer(production(databaseUrl, secrets))
    await server.close()
  }
})

test('start --new-key accepts another secret, after which the old one is refused', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const [old, next] = [{ JWT_SECRET_KEY: secret() }, { JWT_SECRET_KEY: secret() }]
  await (await startServer(production(databaseUrl, old))).close()
  const server = await startProcess({ args: ['start', '--new-key'], environment: production(databaseUrl, next) })
  assert.equal(await server.end('SIGTERM'), 0)
  await (await startServer(production(databaseUrl, next))).close()
  await assert.rejects(startServer(production(databaseUrl, old)), { name: 'ConfigError' })
})

test('a key that made no token for the longest life of a session does not count as in use', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const [old, next] = [{ JWT_SECRET_KEY: secret() }, { JWT_SECRET_KEY: secret() }]
  const server = await startServer({ ...production(databaseUrl, old), SESSION_MAX_AGE: '30d' })
  await server.close()
  const later = () => Date.now() + 31 * 86_400_000
  const other = await startServer({ ...production(databaseUrl, next), SESSION_MAX_AGE: '30d' }, {}, later)
  const sightings = await readKeySightings(other.ctx.db)
  assert.equal(sightings.length, 4)
  for (const { id } of sightings) assert.match(id, /^[\w-]{12}$/)
})

test('in development another secret is a warning', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  await (await startServer({ DATABASE_URL: databaseUrl })).close()
  const server = await startServer({ DATABASE_URL: databaseUrl, JWT_SECRET_KEY: 'another one' })
  assert.ok(server.logs.some(({ msg }) => /made with another JWT_SECRET_KEY/.test(String(msg))))
})
