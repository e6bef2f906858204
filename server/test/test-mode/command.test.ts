import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type LaunchOptions, spawnTessera } from '../../../harness/launch-tessera.ts'
import { collectSettings } from '../../src/cli/terminal/option-values.ts'
import { readSeed, refuseServers } from '../../src/cli/test.ts'
import { startTestServer } from '../../src/test-mode/server/start-test-server.ts'
import { send, startServer } from '../support/server.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { startBench } from './bench.ts'

const PATHS = [
  'POST /test/clock',
  'POST /test/users',
  'POST /test/sessions',
  'POST /test/sessions/01900000-0000-7000-8000-000000000000/expire',
  'POST /test/faults',
  'POST /test/steal',
  'GET /test/mails',
  'POST /test/reset',
]

const REAL_SECRET = randomBytes(64).toString('hex')

function call(url: string, path: string, bearer?: string) {
  const [method = '', target] = path.split(' ')
  const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}
  return send(url + target, { method, ...body }, bearer === undefined ? {} : { bearer })
}

/** Starts `tessera test` and returns what its first line says. */
async function startCommand(args: string[], options: LaunchOptions) {
  const { child, output } = spawnTessera(['test', ...args], options)
  after(() => child.kill('SIGKILL'))
  let stdout = ''
  for await (const chunk of child.stdout ?? []) {
    stdout += chunk
    if (stdout.includes('\n')) break
  }
  assert.notEqual(stdout, '', output())
  return { child, output, stdout, ...(JSON.parse(stdout) as { url: string; admin_key: string }) }
}

test('tessera test prints one line, serves, reads no settings of its folder, and leaves nothing behind', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.env'), `NODE_ENV=production\nJWT_SECRET_KEY=${REAL_SECRET}\n`)
  const seed = join(temporaryFolder(), 'users.json')
  writeFileSync(seed, JSON.stringify([{ email: 'ann@example.com', password: 'correct horse' }]))
  const environment = { DATABASE_URL: 'postgres://127.0.0.1:1/none', PORT: '1', TMPDIR: temporaryFolder() }
  const server = await startCommand(['--seed', seed, '--set', 'COOKIE_MODE=on'], { folder, environment })
  assert.deepEqual(Object.keys(JSON.parse(server.stdout)), ['url', 'admin_key'])
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.match(server.output(), /^tessera: Test mode ignores PORT, DATABASE_URL; --set changes rules\.$/m)
  const login = () => {
    const body = JSON.stringify({ email: 'ann@example.com', password: 'correct horse' })
    return send(`${server.url}/api/v1/auth/login`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
  }
  assert.match((await login()).headers.get('set-cookie') ?? '', /^__Host-tessera_refresh=/)
  assert.equal((await call(server.url, 'POST /test/reset', server.admin_key)).status, 200)
  assert.equal((await login()).status, 200, 'the seed is there again after a reset')
  server.child.kill('SIGTERM')
  assert.deepEqual(await once(server.child, 'exit'), [0, null])
  const left = readdirSync(environment.TMPDIR).filter((name) => name.startsWith('tessera'))
  assert.deepEqual(left, [], 'its database is gone')
  assert.deepEqual(readdirSync(folder), ['.env'])
})

test('test mode is refused in production, beside the secrets of a server, and with a file of settings', async () => {
  const file = join(temporaryFolder(), 'server.env')
  writeFileSync(file, `JWT_SECRET_KEY=${REAL_SECRET}\n`)
  const withFile = await runToEnd(['--env-file', file, 'test'])
  assert.deepEqual(withFile, {
    code: 1,
    output: 'tessera: tessera test reads no settings of a server; leave out --env-file.\n',
  })
  const production = await runToEnd(['test'], { environment: { NODE_ENV: 'production' } })
  assert.deepEqual(production, {
    code: 1,
    output: 'tessera: tessera test is not for production; run it with NODE_ENV=development.\n',
  })
  for (const name of ['JWT_SECRET_KEY', 'REFRESH_SECRET_KEY', 'JWT_SECRET_KEY_FILE', 'REFRESH_SECRET_KEY_FILE'])
    assert.throws(() => refuseServers({ [name]: REAL_SECRET }), {
      name: 'CommandError',
      message: `tessera test does not run beside the secrets of a server; unset ${name}.`,
    })
})

test('settings and seeds that it cannot take stop it with a sentence', async () => {
  const users = [{ email: 'ann@example.com' }, { email: 'ann', role: 'king' }]
  for (const [options, sentence] of [
    [{ users }, 'The users to begin with cannot be created: 1.role must be user or admin.'],
    [{ settings: { DATABASE_URL: 'sqlite:real.db' } }, /^DATABASE_URL cannot be set in test mode; it takes /],
    [{ settings: { COOKIE_MODE: 'maybe' } }, 'COOKIE_MODE must be on or off, not "maybe".'],
  ] as const)
    await assert.rejects(startTestServer(options), { name: 'ConfigError', message: sentence })
  const file = join(temporaryFolder(), 'users.json')
  writeFileSync(file, JSON.stringify(users).slice(1))
  assert.throws(() => readSeed(file), { message: `The file ${file} is not JSON; it must be a list of users.` })
  const { code, output } = await runToEnd(['test', '--seed', 'none.json'])
  assert.equal(code, 1)
  assert.match(output, /^tessera: The file none\.json cannot be read: .*\.$/m)
  assert.throws(() => collectSettings('cookies', {}), { message: 'It must be NAME=value.' })
  assert.deepEqual(collectSettings('A=b=c', { B: 'd' }), { A: 'b=c', B: 'd' })
})

test('every path of test mode needs the admin key', async () => {
  const server = await startBench()
  for (const path of PATHS) {
    for (const key of [undefined, '', 'wrong', server.adminKey.toUpperCase(), server.adminKey.slice(1)]) {
      const { status, body } = await call(server.url, path, key)
      assert.deepEqual([status, body.error.details.code], [401, 'invalid_admin_key'], `${path} ${key}`)
    }
    assert.notEqual((await call(server.url, path, server.adminKey)).status, 401, path)
  }
})

test('no other server has the paths of test mode, with the variables that could mean it or without', async () => {
  const environment = { NODE_ENV: 'production', JWT_SECRET_KEY: REAL_SECRET, REQUIRE_HTTPS: 'off', TESSERA_TEST: 'on' }
  const servers = [startServer(), startServer({ NODE_ENV: 'test' }), startProcess({ environment })]
  for (const server of await Promise.all(servers)) {
    for (const path of PATHS) assert.equal((await call(server.url, path, REAL_SECRET)).status, 404, path)
    assert.equal((await call(server.url, 'POST /test', REAL_SECRET)).status, 404)
    const described = await server.get('/openapi.json')
    if (described.status === 200) assert.doesNotMatch(described.text, /"\/test/)
  }
})
