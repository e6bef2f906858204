import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { send } from '../support/server.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, temporaryFolder } from '../support/test-database.ts'

const LOGIN = { email: 'admin@example.com', password: 'password123' }

/** The database setting for this run of the suite: none for SQLite, which is the default. */
async function databaseSetting(): Promise<Record<string, string>> {
  return onPostgres ? { DATABASE_URL: await emptyDatabaseUrl() } : {}
}

test('the first start prints three curl lines that work', async () => {
  const server = await startProcess({ environment: await databaseSetting() })
  const lines = [
    ...server.output().matchAll(/curl -X POST http:\/\/localhost:(\d+)(\/\S+) -H '([^:]+): ([^']+)' -d '([^']+)'/g),
  ]
  assert.equal(lines.length, 3)
  for (const [, , path, name = '', value = '', body = ''] of lines) {
    const answer = await send(server.url + path, { method: 'POST', body, headers: { [name]: value } })
    assert.equal(answer.status, 200, `${path} ${answer.text}`)
  }
  assert.equal(await server.end('SIGTERM'), 0)
})

test('the generated secret and database are readable by their owner only, and tokens outlive a restart', async () => {
  const [folder, environment] = [temporaryFolder(), await databaseSetting()]
  const first = await startProcess({ folder, environment })
  const { access_token } = (await first.post('/api/v1/auth/login', LOGIN)).body
  assert.equal(await first.end('SIGINT'), 0)
  const secret = join(folder, 'data/development-secret')
  assert.equal(statSync(secret).mode & 0o777, 0o600)
  assert.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700)
  if (!onPostgres) assert.equal(statSync(join(folder, 'data/tessera.db')).mode & 0o777, 0o600)
  assert.match(readFileSync(secret, 'utf8'), /^[0-9a-f]{128}$/)
  const second = await startProcess({ folder, environment })
  assert.equal((await second.get('/api/v1/auth/me', access_token)).status, 200)
})

test('settings are read from a .env file too, and the environment takes precedence', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.env'), 'JWT_ACCESS_TOKEN_EXPIRATION=60\nJWT_REFRESH_TOKEN_EXPIRATION=120\n')
  const environment = { ...(await databaseSetting()), JWT_ACCESS_TOKEN_EXPIRATION: '70' }
  const server = await startProcess({ folder, environment })
  const { access_token } = (await server.post('/api/v1/auth/login', LOGIN)).body
  const { iat, exp } = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString())
  assert.equal(exp - iat, 70)
  await server.end('SIGKILL')
  const refused = await runToEnd(['start'], { folder, environment: { REFRESH_TOKEN_ROTATON: 'strict' } })
  assert.equal(refused.code, 1)
})

test('an impossible start prints one sentence and exits with 1', async () => {
  const folder = temporaryFolder()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const cases: [Record<string, string>, RegExp][] = [
    [{ NODE_ENV: 'production' }, /^tessera: JWT_SECRET_KEY must be set in production; .*\n$/],
    [
      { NODE_ENV: 'production', PAIR_ISSUANCE: 'demo', JWT_SECRET_KEY: 'short' },
      /^tessera: JWT_SECRET_KEY is shorter than 64 bytes; .*\n$/,
    ],
    [{ JWT_SECRET: 'x' }, /^tessera: JWT_SECRET is not a setting; .*\n$/],
    [{ PORT: String(port) }, /^tessera: Port \d+ is in use; .*\n$/],
    [
      { DATABASE_URL: 'postgres://unknown:CANARY@127.0.0.1:1/none' },
      /^tessera: The database cannot be used: .*ECONNREFUSED.*\n$/,
    ],
    [{ DATABASE_URL: 'sqlite:/dev/null/x.db' }, /^tessera: The database cannot be used: .*\n$/],
    [{ DATABASE_URL: `sqlite:${folder}/no-database` }, /^tessera: The database cannot be used: .*not a database.*\n$/],
  ]
  writeFileSync(
    join(folder, 'no-database'),
    'this is a text and no database, and longer than a hundred bytes. '.repeat(20),
  )
  for (const [environment, sentence] of cases) {
    const { code, output } = await runToEnd(['start'], { folder, environment: { LOG_LEVEL: 'silent', ...environment } })
    assert.match(output, sentence)
    assert.doesNotMatch(output, /CANARY/)
    assert.equal(code, 1)
  }
})

test('an unknown command prints a suggestion and exits with 2', async () => {
  const { code, output } = await runToEnd(['strat'])
  assert.equal(code, 2)
  assert.equal(output, "tessera: unknown command 'strat' (Did you mean start?) See tessera --help.\n")
  assert.equal((await runToEnd(['--help'])).code, 0)
})

test('tessera migrate applies each migration once', async () => {
  const [folder, environment] = [temporaryFolder(), await databaseSetting()]
  assert.match(
    (await runToEnd(['migrate'], { folder, environment })).output,
    /^Applied 0001_core\.sql(, 0\d{3}_\w+\.sql){4,}\.\n$/,
  )
  assert.match((await runToEnd(['migrate'], { folder, environment })).output, /^The database is up to date\.\n$/)
})

test('six processes can start at once on an empty database', async () => {
  const [folder, environment] = [temporaryFolder(), await databaseSetting()]
  const servers = await Promise.all(Array.from({ length: 6 }, () => startProcess({ folder, environment })))
  const { access_token } = (await servers[0]?.post('/api/v1/auth/login', LOGIN))?.body ?? {}
  for (const server of servers) assert.equal((await server.get('/api/v1/auth/me', access_token)).status, 200)
})

test('SIGTERM lets running requests finish and exits with 0', async () => {
  const server = await startProcess({
    environment: { ...(await databaseSetting()), PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '12' },
  })
  await Promise.all(Array.from({ length: 5 }, () => server.get('/health'))) // five open connections
  const underWay = Array.from({ length: 2 }, () => server.post('/api/v1/auth/login', LOGIN))
  const code = server.end('SIGTERM')
  for (const answer of await Promise.all(underWay)) assert.equal(answer.status, 200)
  assert.equal(await code, 0)
})

test('SIGTERM under load fails no request: clients are told to close, or are refused a connection', async () => {
  const server = await startProcess({ environment: await databaseSetting() })
  const agent = new Agent({ keepAlive: true })
  const outcomes = new Set<string>()
  const ask = () =>
    new Promise<string>((resolve) => {
      const asked = get(`${server.url}/health`, { agent }, (response) => {
        response.resume().on('end', () => resolve(String(response.statusCode)))
      })
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
  const clients = Array.from({ length: 8 }, async () => {
    let outcome = ''
    while (outcome !== 'ECONNREFUSED') {
      outcome = await ask()
      outcomes.add(outcome)
    }
  })
  while (!outcomes.has('200')) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await server.end('SIGTERM'), 0)
  await Promise.all(clients)
  assert.deepEqual([...outcomes].sort(), ['200', 'ECONNREFUSED'])
})

test('SIGTERM does not wait for idle connections or half-sent requests', async () => {
  const server = await startProcess({ environment: await databaseSetting() })
  const sent = ['', 'GET /health HTTP/1.1\r\n', 'POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{']
  const sockets = sent.map((bytes) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes))
    return socket.on('error', () => {}).resume()
  })
  await Promise.all(sockets.map((socket) => once(socket, 'ready')))
  await server.get('/health')
  assert.equal(await server.end('SIGTERM'), 0)
})

test('production starts without demo users and curl lines, and logs JSON', async () => {
  const environment = {
    ...(await databaseSetting()),
    NODE_ENV: 'production',
    REQUIRE_HTTPS: 'off',
    HOST: '127.0.0.1',
    JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  }
  const server = await startProcess({ environment })
  assert.equal((await server.post('/api/v1/auth/login', LOGIN)).status, 401)
  assert.equal((await server.post('/auth/token', { auth: { user_guid: 'x' } })).status, 404)
  assert.doesNotMatch(server.output(), /curl/)
  for (const line of server.output().trim().split('\n')) JSON.parse(line)
})

test('while another process holds the write lock, writes get 503 and reads continue; afterwards writes succeed again', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const folder = temporaryFolder()
  const server = await startProcess({ folder, environment: { RATE_LIMIT: 'off' } })
  const { access_token } = (await server.post('/api/v1/auth/login', LOGIN)).body
  const issue = () => server.post('/auth/token', { auth: { user_guid: '123e4567-e89b-12d3-a456-426614174000' } })
  const other = new DatabaseSync(join(folder, 'data/tessera.db'))
  other.exec('begin immediate')
  const answers = Promise.all(Array.from({ length: 150 }, issue))
  assert.equal((await server.get('/api/v1/auth/me', access_token)).status, 200)
  for (const answer of await answers) assert.equal(answer.status, 503)
  other.exec('rollback')
  other.close()
  assert.equal((await issue()).status, 200)
})

test('on a full disk writes get 503, reads continue, and acknowledged data stays', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const folder = temporaryFolder()
  const server = await startProcess({ folder, shell: "trap '' XFSZ; ulimit -f 1300" })
  const login = await server.post('/api/v1/auth/login', LOGIN)
  assert.equal(login.status, 200, 'the schema and a session fit')
  const { access_token, refresh_token } = login.body
  let answer = { status: 200 }
  for (let n = 0; n < 900 && answer.status === 200; n++) answer = await server.post('/api/v1/auth/login', LOGIN)
  assert.equal(answer.status, 503)
  assert.equal((await server.get('/api/v1/auth/me', access_token)).status, 200)
  await server.end('SIGKILL')
  const roomy = await startProcess({ folder })
  assert.equal((await roomy.post('/api/v1/auth/refresh', { refresh_token })).status, 200)
})
