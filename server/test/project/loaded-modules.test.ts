import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

/** More than a start loads now; each hundred costs a fifth of a start. */
const MAX_MODULES = { start: 670, version: 90 }

/** Libraries of what is off by default, or is not used before the first request that needs it. */
const NOT_AT_START = [
  ...['typebox', 'ajv', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', '@fastify/swagger-ui'],
  ...['nodemailer', 'ioredis', 'pg', '@prometheus-io/client', 'pino-pretty', 'piscina', 'jose'],
  ...['@zxcvbn-ts/language-common', 'fxa-common-password-list', 'csv-parse', 'csv-stringify', 'cli-progress'],
]

/** Writes a module that lists, at the end of its process, what the process has loaded. */
function recorder(): { hook: string; read: () => { modules: string[]; builtins: string[] } } {
  const folder = temporaryFolder()
  const [file, list] = [join(folder, 'record.mjs'), join(folder, 'list.json')]
  writeFileSync(
    file,
    `import { registerHooks } from 'node:module'
     import { writeFileSync } from 'node:fs'
     const modules = new Set()
     registerHooks({ load(url, context, next) { modules.add(url); return next(url, context) } })
     process.on('exit', () => {
       const builtins = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''))
       writeFileSync(${JSON.stringify(list)}, JSON.stringify({ modules: [...modules], builtins }))
     })`,
  )
  return { hook: pathToFileURL(file).href, read: () => JSON.parse(readFileSync(list, 'utf8')) }
}

const loadedOf = (modules: string[], name: string) => modules.some((url) => url.includes(`/node_modules/${name}/`))

async function startAndEnd(environment: Record<string, string>) {
  const { hook, read } = recorder()
  const server = await startProcess({ imports: [hook], environment })
  assert.equal((await server.get('/health')).status, 200)
  assert.equal(await server.end('SIGTERM'), 0)
  return read()
}

test('a capability that is off, or was not used yet, loads nothing', async () => {
  const { modules, builtins } = await startAndEnd({})
  assert.deepEqual(
    NOT_AT_START.filter((name) => loadedOf(modules, name)),
    [],
  )
  assert.ok(
    !builtins.includes('internal/deps/undici/undici'),
    'an import of node:http from an ES module loads it: 14 MB',
  )
  assert.ok(
    modules.some((url) => url.includes('/fastify/')),
    'the list is of another process',
  )
  assert.ok(modules.length <= MAX_MODULES.start, `a start loads ${modules.length} modules`)
})

test('a capability that is on loads its library', async () => {
  const { modules } = await startAndEnd({ METRICS_PORT: '0' })
  assert.ok(loadedOf(modules, '@prometheus-io/client'))
})

test('a command that asks no server loads no server', async () => {
  const { hook, read } = recorder()
  assert.equal((await runToEnd(['--version'], { imports: [hook] })).code, 0)
  const { modules } = read()
  assert.deepEqual(
    ['fastify', 'pino', 'fast-jwt'].filter((name) => loadedOf(modules, name)),
    [],
  )
  assert.ok(modules.length <= MAX_MODULES.version, `tessera --version loads ${modules.length} modules`)
})
