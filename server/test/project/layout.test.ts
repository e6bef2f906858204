import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const sources = globSync('server/src/**/*.ts', { cwd: root }).sort()
const all = globSync(
  [
    '{server/src,server/test,{client,verify}/{src,test},harness,conformance,torture,deploy,bench}/**/*.{ts,js}',
    'examples/test/*.ts',
    'generators/{,calls/,checks/,client/,collections/,tools/}*.ts',
  ],
  { cwd: root },
).sort()

const MAX_FILES = 15

const NOT_OURS = new Set(['.git', 'node_modules', 'data', 'dist'])

const folders = Map.groupBy(all, dirname)

test('no file has over 300 lines, and half of the server’s have under 80', () => {
  for (const file of all) assert.ok(read(file).split('\n').length <= 301, file)
  const lengths = sources.map((file) => read(file).split('\n').length).sort((a, b) => a - b)
  assert.ok((lengths[Math.floor(lengths.length / 2)] ?? 0) < 80)
  assert.ok((lengths[Math.floor(lengths.length * 0.9)] ?? 0) < 220)
})

test('a folder of the server has three to fifteen files', (t) => {
  for (const [folder, files] of folders) {
    assert.ok(files.length <= MAX_FILES, `${folder} has ${files.length} files`)
    const isLeaf = !all.some((file) => dirname(file).startsWith(`${folder}/`))
    if (folder.startsWith('server/src/') && isLeaf) assert.ok(files.length >= 3, `${folder} has ${files.length} files`)
  }
  const [largest, files = []] = [...folders].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? []
  t.diagnostic(`the largest folder is ${largest} with ${files.length} files`)
})

test('only main.ts, routes.ts and single commands are beside folders', () => {
  for (const folder of folders.keys()) {
    if (!folder.startsWith('server/src')) continue
    const beside = readdirSync(join(root, folder), { withFileTypes: true })
    if (!beside.some((entry) => entry.isDirectory())) continue
    const names = beside.filter((entry) => entry.isFile()).map(({ name }) => name)
    if (folder === 'server/src') assert.deepEqual(names, ['main.ts'])
    else if (folder === 'server/src/http') assert.deepEqual(names, ['routes.ts'])
    else assert.ok(folder === 'server/src/cli' || names.length === 0, `${folder}: ${names.join(', ')}`)
  }
})

test('no file and no folder has a catch-all name', () => {
  for (const file of all)
    assert.doesNotMatch(file, /(^|\/)(utils?|helpers?|common|shared|misc|types|index)(\/|\.ts$)/, file)
})

test('http and auth use the same names for the same subjects', () => {
  const subjects = (layer: string) => readdirSync(join(root, `server/src/${layer}`))
  const shared = subjects('http').filter((name) => subjects('auth').includes(name))
  assert.deepEqual(shared, ['account', 'claims', 'keys', 'refresh', 'session'])
})

test('no file has the marks of a merge that was left half done', () => {
  const files = globSync('{**,.ci}/*', { cwd: root, withFileTypes: true, exclude: ({ name }) => NOT_OURS.has(name) })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  assert.ok(files.length > 800)
  for (const file of files) assert.doesNotMatch(readFileSync(file, 'utf8'), /^(<{7}|>{7}|\|{7}) /m, file)
})

test('the kits and the harness import nothing of the server', () => {
  for (const file of all) {
    if (!/^(torture|harness|conformance|generators|deploy)\//.test(file)) continue
    for (const [, target = ''] of read(file).matchAll(/(?:from |import\()'(\.[^']+)'/g)) {
      const imported = relative(root, join(root, dirname(file), target))
      const kit = file.split('/')[0] ?? ''
      const allowed = { torture: ['harness/'], generators: ['harness/'], deploy: ['harness/', 'torture/'] }[kit] ?? []
      assert.ok(
        [`${kit}/`, ...allowed].some((folder) => imported.startsWith(folder)),
        `${file} imports ${imported}`,
      )
    }
  }
})

test('the tree in the README lists the existing folders', () => {
  const tree = [...read('README.md').matchAll(/^ {4}( *)([\w-]+)\/ +\S/gm)].map(([, indent = '', name = '']) => ({
    depth: indent.length / 2,
    name,
  }))
  const list = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .filter((name) => !['node_modules', 'data'].includes(name))
      .sort()
  const named = (depth: number) => tree.filter((line) => line.depth === depth).map(({ name }) => name)
  assert.deepEqual(named(0).sort(), list('.'))
  assert.deepEqual(named(2).sort(), list('server/src'))
})
