import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { spawnTessera } from '../../../harness/launch-tessera.ts'
import { send } from '../support/server.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

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
async function startCommand(args: string[] = [], environment: Record<string, string> = {}) {
  const folder = temporaryFolder()
  const { child, output } = spawnTessera(['test', ...args], { folder, environment })
  after(() => child.kill('SIGKILL'))
  let stdout = ''
  for await (const chunk of child.stdout ?? []) {
    stdout += chunk
    if (stdout.includes('\n')) break
  }
  assert.notEqual(stdout, '', output())
  return { child, folder, output, stdout, ...(JSON.parse(stdout) as { url: string; admin_key: string }) }
}

test('tessera test prints its address and its admin key as one line, serves, and leaves nothing behind', async () => {
  const seed = join(temporaryFolder(), 'users.json')
  writeFileSync(seed, JSON.stringify([{ email: 'ann@example.com', password: 'correct horse' }]))
  const environment = { DATABASE_URL: 'postgres://127.0.0.1:1/none', PORT: '1', TMPDIR: temporaryFolder() }
  const server = await startCommand(['--seed', seed, '--set', 'COOKIE_MODE=on'], environment)
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
  assert.equal(existsSync(join(server.folder, 'data')), false)
})

test('a settings file in the folder is not read', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.env'), `NODE_ENV=production\nJWT_SECRET_KEY=${REAL_SECRET}\n`)
  const { child } = spawnTessera(['test'], { folder, environment: {} })
  after(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout ?? child, 'data')
  assert.match(String(line), /^\{"url":/)
  const { code, output } = await runToEnd(['--env-file', join(folder, '.env'), 'test'])
  assert.deepEqual([code, output], [1, 'tessera: tessera test reads no settings of a server; leave out --env-file.\n'])
})

test('test mode is refused in production, and beside the secrets of a server', async () => {
  const secrets = ['JWT_SECRET_KEY', 'REFRESH_SECRET_KEY', 'JWT_SECRET_KEY_FILE', 'REFRESH_SECRET_KEY_FILE']
  for (const [name, value, sentence] of [
    ['NODE_ENV', 'production', 'tessera test is not for production; run it with NODE_ENV=development.'],
    ...secrets.map((name) => [
      name,
      REAL_SECRET,
      `tessera test does not run beside the secrets of a server; unset ${name}.`,
    ]),
  ] as const) {
    const { code, output } = await runToEnd(['test'], { environment: { [name as string]: value as string } })
    assert.deepEqual([code, output], [1, `tessera: ${sentence}\n`], name)
  }
})

test('settings and seeds that it cannot take stop it with a sentence', async () => {
  const file = join(temporaryFolder(), 'users.json')
  writeFileSync(file, '[{"email":"ann@example.com"},{"email":"ann","role":"king"}]')
  for (const [args, code, sentence] of [
    [['--seed', file], 1, 'The users to begin with cannot be created: 1.role must be user or admin.'],
    [['--seed', 'none.json'], 1, /^The file none\.json cannot be read: /],
    [['--set', 'DATABASE_URL=sqlite:real.db'], 1, /^DATABASE_URL cannot be set in test mode; it takes /],
    [['--set', 'COOKIE_MODE=maybe'], 1, 'COOKIE_MODE must be on or off, not "maybe".'],
    [['--set', 'cookies'], 2, /It must be NAME=value\./],
    [['--port', 'x'], 2, /It must be a whole number\./],
  ] as const) {
    const { code: exit, output } = await runToEnd(['test', ...args])
    assert.equal(exit, code, output)
    const line = output.split('\n').findLast((text) => text.startsWith('tessera: ')) ?? ''
    if (typeof sentence === 'string') assert.equal(line, `tessera: ${sentence}`)
    else assert.match(line.replace('tessera: ', ''), sentence)
  }
})

test('every path of test mode needs the admin key', async () => {
  const server = await startCommand()
  for (const path of PATHS) {
    for (const key of [undefined, '', 'wrong', server.admin_key.toUpperCase(), server.admin_key.slice(1)]) {
      const { status, body } = await call(server.url, path, key)
      assert.deepEqual([status, body.error.details.code], [401, 'invalid_admin_key'], `${path} ${key}`)
    }
    assert.notEqual((await call(server.url, path, server.admin_key)).status, 401, path)
  }
})

test('no other server has the paths of test mode, with the variables that could mean it or without', async () => {
  const production = { NODE_ENV: 'production', JWT_SECRET_KEY: REAL_SECRET, REQUIRE_HTTPS: 'off' }
  for (const environment of [{}, { NODE_ENV: 'test' }, production, { ...production, TESSERA_TEST: 'on' }]) {
    const server = await startProcess({ environment })
    for (const path of PATHS) assert.equal((await call(server.url, path, REAL_SECRET)).status, 404, path)
    assert.equal((await call(server.url, 'POST /test', REAL_SECRET)).status, 404)
    const described = await server.get('/openapi.json')
    if (described.status === 200) assert.doesNotMatch(described.text, /"\/test/)
    await server.end('SIGTERM')
  }
})
