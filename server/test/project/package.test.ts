import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { readConfig } from '../../src/config/reading/config.ts'
import { SETTINGS } from '../../src/config/settings/settings.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

const root = join(import.meta.dirname, '../../..')
const skip = spawnSync('npm', ['--version']).error ? 'there is no npm here' : false

// Inside a node_modules folder, where Node.js runs no TypeScript; the dependencies are found further up.
const folder = join(root, 'node_modules/.cache/tessera-package', String(process.pid), 'node_modules/tessera')
const command = join(folder, 'bin/tessera.js')

before(async () => {
  if (skip) return
  const packs = temporaryFolder()
  const run = promisify(execFile)
  await run('npm', ['pack', '--workspace', 'server', '--pack-destination', packs], { cwd: root })
  mkdirSync(folder, { recursive: true })
  await run('tar', ['-xzf', globSync(join(packs, '*.tgz'))[0] ?? '', '-C', folder, '--strip-components=1'])
})

test('the package serves a login, a pair and the API page, and contains its documentation', { skip }, async () => {
  const server = await startProcess({ command })
  const login = await server.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' })
  assert.equal(login.status, 200, login.text)
  const guid = '123e4567-e89b-12d3-a456-426614174000'
  assert.equal((await server.post('/auth/token', { auth: { user_guid: guid } })).status, 200)
  for (const path of [
    '/',
    '/docs',
    '/docs/docs.js',
    '/docs/docs-components.js',
    '/docs/swagger-ui-bundle.js',
    '/openapi.json',
  ]) {
    assert.equal((await server.get(path)).status, 200, path)
  }
  assert.equal(await server.end('SIGTERM'), 0)
  const { name, version, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  assert.deepEqual([name, bin], ['tessera-auth', { tessera: 'bin/tessera.js' }], 'another package has the name tessera')
  assert.equal((await runToEnd(['--version'], { command })).output, `${version}\n`)
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/configuration.md']) readFileSync(join(folder, file))
  assert.deepEqual(globSync('{src,test}/**', { cwd: folder }), [])
})

test('the package imports exactly its dependencies', { skip }, () => {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const imported = new Set<string>()
  for (const file of globSync('{bin,dist}/**/*.js', { cwd: folder })) {
    const text = readFileSync(join(folder, file), 'utf8')
    for (const [, name = ''] of text.matchAll(
      /(?:from|import|require|resolve)[ (]*['"`](@[\w.-]+\/[\w-]+|[a-z][\w.:-]*)/g,
    )) {
      if (!isBuiltin(name)) imported.add(name)
    }
  }
  assert.deepEqual([...imported].sort(), Object.keys(dependencies).sort())
})

test('compose.yaml publishes ports on this machine only and has valid settings', () => {
  const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8')) as {
    services: Record<string, { ports?: string[]; environment?: Record<string, string>; build?: { dockerfile: string } }>
  }
  for (const { ports = [] } of Object.values(services)) {
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/)
  }
  const config = readConfig(services['tessera']?.environment ?? {})
  assert.deepEqual([config.production, config.pairIssuance, config.secrets.database.kind], [false, 'demo', 'postgres'])
  assert.ok(config.demoFrom.includes('172.18.0.1') && !config.demoFrom.includes('203.0.113.1'))
  readFileSync(join(root, services['tessera']?.build?.dockerfile ?? ''))
})

test('deploy/compose.production.yaml has secrets as files, time to stop, and no setting that does not exist', () => {
  const { services, secrets } = parse(readFileSync(join(root, 'deploy/compose.production.yaml'), 'utf8')) as {
    services: Record<string, { environment?: Record<string, string>; stop_grace_period?: string; secrets?: string[] }>
    secrets: Record<string, object>
  }
  const { environment = {}, stop_grace_period, secrets: used = [] } = services['tessera'] ?? {}
  assert.equal(stop_grace_period, '40s')
  const names = new Set(
    Object.values(SETTINGS).flatMap(({ name, secret }) => [name, ...(secret ? [`${name}_FILE`] : [])]),
  )
  for (const [name, value] of Object.entries(environment)) {
    assert.ok(names.has(name), name)
    if (!name.endsWith('_FILE')) continue
    assert.ok(used.includes(value.replace('/run/secrets/', '')), value)
  }
  for (const name of used) assert.ok(name in secrets, name)
})

test('the systemd unit gives a stop more time than it takes', () => {
  const unit = readFileSync(join(root, 'deploy/tessera.service'), 'utf8')
  assert.match(unit, /^ExecStart=\S+tessera start$/m)
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > 27)
})
