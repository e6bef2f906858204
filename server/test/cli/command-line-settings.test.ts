import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEnvironment } from '../../src/config/reading/environment.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, emptySqliteUrl, temporaryFolder } from '../support/test-database.ts'

const root = join(import.meta.dirname, '../../..')

test('--env-file names the file of settings for every command, a start too, in place of .env', async () => {
  const [folder, url] = [temporaryFolder(), await emptyDatabaseUrl()]
  writeFileSync(join(folder, '.env'), 'DATABASE_URL=sqlite:/nowhere/wrong.db\n')
  writeFileSync(join(folder, 'other.env'), `DATABASE_URL=${url}\nJWT_ACCESS_TOKEN_EXPIRATION=70\n`)
  const server = await startProcess({ folder, args: ['start', '--env-file', 'other.env'] })
  const login = await server.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' })
  assert.equal(login.body.expires_in, 70)
  for (const args of [
    ['--env-file', 'other.env', 'users', 'list', '--json'],
    ['users', 'list', '--json', '--env-file=other.env'],
  ])
    assert.match((await runToEnd(args, { folder })).output, /"email":"admin@example\.com"/)
  const environment = { DATABASE_URL: emptySqliteUrl() }
  const other = await runToEnd(['users', 'list', '--env-file', 'other.env'], { folder, environment })
  assert.match(other.output, /^tessera: There is no database at /, 'the environment wins')
})

test('a file of --env-file that is missing or cannot be read is an error that names it', async () => {
  const folder = temporaryFolder()
  // Node.js looks for a file of this name itself, before the command runs.
  const missing = await runToEnd(['users', 'list', '--env-file', 'missing.env'], { folder })
  assert.notEqual(missing.code, 0)
  assert.match(
    missing.output,
    /missing\.env: not found|The file missing\.env cannot be read: there is no such file\.\n/,
  )
  assert.throws(
    () => readEnvironment('/missing.env'),
    /^ConfigError: The file \/missing\.env cannot be read: there is no/,
  )
  writeFileSync(join(folder, 'bad.env'), 'HOST=a\nPORT: 1\n')
  const bad = await runToEnd(['migrate', '--env-file', 'bad.env'], { folder })
  assert.match(bad.output, /^tessera: Line 2 of the file bad\.env cannot be read: /)
  const nothing = await runToEnd(['migrate', '--env-file'], { folder })
  assert.deepEqual(nothing, {
    code: 2,
    output: "tessera: option '--env-file <file>' argument missing. See tessera --help.\n",
  })
})

test('a command in a folder without .env says so, and how to name the file', async () => {
  const folder = temporaryFolder()
  const noFile = /There is no \.env in this folder: run the command where it is, or pass --env-file FILE\./
  const list = await runToEnd(['users', 'list'], { folder })
  assert.ok(
    list.output.startsWith(`tessera: There is no database at ${join(folder, 'data/tessera.db')}. `),
    list.output,
  )
  assert.match(list.output, noFile)
  assert.ok(!existsSync(join(folder, 'data')))
  const environment = { NODE_ENV: 'production' }
  const start = await runToEnd(['start'], { folder, environment })
  assert.match(start.output, /^tessera: JWT_SECRET_KEY must be set in production; generate one with: openssl rand /)
  assert.match(start.output, noFile)
  writeFileSync(join(folder, '.env'), 'LOG_LEVEL=info\n')
  const read = await runToEnd(['start'], { folder, environment })
  assert.match(read.output, /Settings were read from the environment and from \.env\.\n$/)
})

test('a command in production needs no key of the server to list users', async () => {
  const environment = { DATABASE_URL: await emptyDatabaseUrl(), NODE_ENV: 'production' }
  assert.equal((await runToEnd(['migrate'], { environment })).code, 0)
  assert.deepEqual(await runToEnd(['users', 'list'], { environment }), { code: 0, output: 'No users found.\n' })
})

test('a HOST that is no address of this machine is named with the remedy, and the log has the address of HOST', async () => {
  const environment = { DATABASE_URL: await emptyDatabaseUrl(), LOG_LEVEL: 'silent' }
  const refused: [host: string, RegExp][] = [
    [
      'no-such-host.invalid',
      /^tessera: The name no-such-host\.invalid of HOST has no address; set HOST to .*0\.0\.0\.0/,
    ],
    ['192.0.2.1', /^tessera: This machine does not have the address 192\.0\.2\.1 of HOST; set HOST to .*0\.0\.0\.0/],
  ]
  for (const [host, sentence] of refused) {
    const { code, output } = await runToEnd(['start'], { environment: { ...environment, HOST: host } })
    assert.match(output.replace(/^\n?.*Tessera serves.*$/ms, ''), sentence)
    assert.equal(code, 1)
  }
  const server = await startProcess({ environment: { ...environment, LOG_LEVEL: 'info', HOST: '0.0.0.0' } })
  assert.match(server.output(), /"url":"http:\/\/0\.0\.0\.0:\d+"/)
})

test('a clone without its packages says to run npm ci', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'server'))
  for (const part of ['bin', 'src', 'package.json'])
    cpSync(join(root, 'server', part), join(folder, 'server', part), { recursive: true })
  const start = () => spawnSync(process.execPath, ['server/bin/tessera.js'], { cwd: folder, encoding: 'utf8' })
  const bare = start()
  assert.equal(bare.stderr, 'tessera: A package that Tessera needs is not installed: run npm ci first.\n')
  assert.equal(bare.status, 1)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const version = spawnSync(process.execPath, ['server/bin/tessera.js', '--version'], { cwd: folder, encoding: 'utf8' })
  assert.equal(version.status, 0, version.stderr)
})

test('an unknown command gets its near miss, with --help too, and serve is start', async () => {
  const cases: [line: string, output: string][] = [
    ['user --help', "tessera: unknown command 'user' (Did you mean users?) See tessera --help.\n"],
    ['limit -h', "tessera: unknown command 'limit' (Did you mean limits?) See tessera --help.\n"],
    ['users creat --help', "tessera: unknown command 'creat' (Did you mean create?) See tessera users --help.\n"],
    ['frobnicate --help', "tessera: unknown command 'frobnicate'. See tessera --help.\n"],
  ]
  for (const [line, output] of cases) assert.deepEqual(await runToEnd(line.split(' ')), { code: 2, output })
  for (const line of ['serve --help', 'limits --help', 'users create ann@example.com --help'])
    assert.deepEqual((await runToEnd(line.split(' '))).code, 0, line)
})
