import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readConfig } from '../../src/config/reading/config.ts'
import { parseEnvFile } from '../../src/config/source/env-file.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { parseJsonLines } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'

const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')

test('init writes settings that only this account can read, and that a server and production take', async () => {
  const folder = temporaryFolder()
  const { code, output } = await runToEnd(['init'], { folder })
  assert.equal(code, 0, output)
  assert.match(output, /^Production still needs:$/m)
  assert.deepEqual(readdirSync(folder).sort(), ['.env', 'tessera.mjs'])
  assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  const settings = parseEnvFile(Buffer.from(read(folder, '.env')), '.env')
  const production = { ...settings, NODE_ENV: 'production', PUBLIC_URL: 'https://auth.example.com' }
  assert.deepEqual(readConfig(production).warnings, [])
  for (const name of ['JWT_SECRET_KEY', 'REFRESH_SECRET_KEY']) {
    assert.match(settings[name] ?? '', /^[0-9a-f]{128}$/)
    assert.ok(!output.includes(settings[name] ?? ''), 'no secret is printed')
  }
  const server = await startProcess({ folder })
  assert.equal((await server.get('/.well-known/jwks.json')).body.keys[0].alg, 'ES256')
  await server.end('SIGTERM')
})

test('init replaces no file, and then writes none, unless it is forced', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tessera.mjs'), 'mine')
  const refused = await runToEnd(['init', '--compose'], { folder })
  assert.deepEqual(
    [refused.code, refused.output],
    [1, 'tessera: tessera.mjs exists, and nothing was written; pass --force to replace it.\n'],
  )
  assert.deepEqual(readdirSync(folder), ['tessera.mjs'])
  writeFileSync(join(folder, 'elsewhere'), 'kept', { mode: 0o644 })
  symlinkSync('elsewhere', join(folder, '.env'))
  assert.equal((await runToEnd(['init'], { folder })).code, 1, 'a link is a file, too')
  assert.equal((await runToEnd(['init', '--force'], { folder })).code, 0)
  assert.equal(read(folder, 'elsewhere'), 'kept')
  assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  assert.notEqual(read(folder, 'tessera.mjs'), 'mine')
})

test('init writes the first lines for the framework of the folder, and a compose file if it is asked', async () => {
  for (const [framework, dependencies, line] of [
    ['next', { next: '1', react: '1', express: '1' }, /^export const GET = authenticate\(verifier\)/m],
    ['sveltekit', { '@sveltejs/kit': '1', vite: '1' }, /^export async function handle/m],
    ['vite-react', { vite: '1', react: '1' }, /^export const client = createClient/m],
    ['fastify', { fastify: '1' }, /app\.addHook\('onRequest', authenticate\(verifier\)\)/],
    ['hono', { hono: '1' }, /c\.get\('claims'\)/],
    ['express', { express: '1' }, /request\.claims\.sub/],
    ['plain', {}, /^export async function authenticate/m],
    ['plain', null, /^export async function authenticate/m],
  ] as const) {
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), dependencies === null ? '{' : JSON.stringify({ dependencies }))
    const { output } = await runToEnd(['init', '--compose', '--json'], { folder })
    const [answer] = parseJsonLines(output)
    assert.deepEqual([answer.framework, answer.files], [framework, ['.env', 'tessera.mjs', 'compose.tessera.yaml']])
    assert.match(read(folder, 'tessera.mjs'), line)
    const { services } = parse(read(folder, 'compose.tessera.yaml'))
    assert.deepEqual(services.tessera.ports, ['127.0.0.1:4000:4000'])
  }
})
