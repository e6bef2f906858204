import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { clientDescription, headingOf } from '../../generators/client/client-description.ts'
import { startServer } from '../../server/test/support/server.ts'
import { bundle } from './support/tab.ts'

const folder = join(import.meta.dirname, '..')

test('the types of the API are those of the server: `npm run client-types` writes them', async () => {
  const server = await startServer()
  const heading = headingOf(clientDescription((await server.get('/openapi.json')).body))
  assert.ok(readFileSync(join(folder, 'src/api-types.ts'), 'utf8').startsWith(heading), 'npm run client-types')
})

test('a page that bundles the client gets at most 4 KB, and the package needs no other', async (t) => {
  const bytes = gzipSync(await bundle("export { createClient } from './client.ts'"), { level: 9 }).length
  t.diagnostic(`createClient is ${bytes} bytes, minified and gzipped`)
  assert.ok(bytes <= 4096, `${bytes} bytes`)
  assert.equal(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies, undefined)
})

test('nothing in the bundle needs Node.js', async () => {
  const code = await bundle()
  for (const name of ['process', 'Buffer', 'require', 'setImmediate', 'node:'])
    assert.ok(!new RegExp(`\\b${name}`).test(code), name)
})
