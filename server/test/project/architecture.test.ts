import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const source = join(import.meta.dirname, '../../src')

/** Layer -> the layers it may import from, besides itself. Files beside the folders are `wiring`. */
const MAY_IMPORT: Record<string, string[]> = {
  wiring: ['cli', 'http', 'mail', 'auth', 'storage', 'crypto', 'net'],
  cli: ['wiring', 'mail', 'auth', 'storage', 'crypto', 'net', 'text'],
  http: ['mail', 'auth', 'storage', 'crypto', 'net', 'text'],
  mail: ['auth', 'storage', 'text'],
  auth: ['storage', 'crypto', 'net', 'text'],
  storage: [],
  crypto: [],
  net: [],
  text: [],
}

const files = globSync('**/*.ts', { cwd: source }).sort()
const layerOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : 'wiring')
const textOf = (file: string) => readFileSync(join(source, file), 'utf8')

test('imports point downwards: http and cli to auth and mail, these to storage and crypto, these to nothing', () => {
  for (const file of files) {
    for (const [, target = ''] of textOf(file).matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)) {
      const imported = layerOf(relative(source, join(source, dirname(file), target)))
      const allowed = [layerOf(file), ...(MAY_IMPORT[layerOf(file)] ?? [])]
      assert.ok(allowed.includes(imported), `${file} imports ${target}`)
    }
  }
})

test('only config.ts reads the environment, only storage and migrations hold SQL, only http knows requests', () => {
  for (const file of files) {
    const text = textOf(file)
    if (file !== 'config.ts') assert.doesNotMatch(text, /process\.env/, file)
    if (layerOf(file) !== 'storage') assert.doesNotMatch(text, /sql-template-tag/, file)
    if (layerOf(file) === 'auth')
      assert.doesNotMatch(text, /fastify|Date\.now|new Date\(\)|randomBytes|randomUUID/i, file)
  }
})

test('a file is one idea: no file over 300 lines, half of them under 80, none that says nothing', () => {
  const lengths = files.map((file) => textOf(file).split('\n').length).sort((a, b) => a - b)
  assert.ok((lengths.at(-1) ?? 0) <= 300)
  assert.ok((lengths[Math.floor(lengths.length / 2)] ?? 0) < 80)
  assert.ok((lengths[Math.floor(lengths.length * 0.9)] ?? 0) < 220)
  for (const file of files) assert.doesNotMatch(file, /utils?|helpers?|common\.ts|types\.ts|index\.ts/)
})

test('the torture kit knows the product from outside only', () => {
  const kit = join(import.meta.dirname, '../../../torture')
  for (const file of globSync('**/*.ts', { cwd: kit })) {
    const text = readFileSync(join(kit, file), 'utf8')
    assert.doesNotMatch(text, /from '[^']*server\/(src|test)/, file)
    assert.ok(text.split('\n').length <= 301, file)
  }
})

test('the harness imports nothing of ours outside its folder, and no file of it is above 300 lines', () => {
  const harness = join(import.meta.dirname, '../../../harness')
  for (const file of globSync('**/*.ts', { cwd: harness })) {
    const text = readFileSync(join(harness, file), 'utf8')
    for (const [, target = ''] of text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g))
      assert.doesNotMatch(relative(harness, join(harness, dirname(file), target)), /^\.\./, `${file} imports ${target}`)
    assert.ok(text.split('\n').length <= 301, file)
  }
})
