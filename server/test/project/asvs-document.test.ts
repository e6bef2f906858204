import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../../..')
const text = readFileSync(join(root, 'docs/asvs.md'), 'utf8')
const rows = [...text.matchAll(/^\| ([\d.]+)(?: to ([\d.]+))? \| ([12, ]+) \| ([a-z ]+) \| (.+) \|$/gm)]

/** The number of requirements in a row, which may name a range of them. */
function sizeOf(first: string, last: string | undefined): number {
  const lastPart = (id: string) => Number(id.split('.')[2])
  return last === undefined ? 1 : lastPart(last) - lastPart(first) + 1
}

test('the page on ASVS counts its 253 requirements correctly', () => {
  const counts: Record<string, number> = {}
  for (const [, first = '', last, , state = ''] of rows) counts[state] = (counts[state] ?? 0) + sizeOf(first, last)
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    253,
  )
  const { met, partly, 'not yet': notYet, 'not applicable': notApplicable } = counts
  assert.match(
    text,
    new RegExp(`${met} are met, ${partly} partly, ${notYet} not yet, and ${notApplicable} are not applicable`),
  )
})

test('every file, test and page that the page on ASVS names exists', () => {
  const files = new Set(globSync('server/{src,assets}/**/*.{ts,js}', { cwd: root }).map((file) => basename(file)))
  const tests = new Set(globSync('server/test/**/*.test.ts', { cwd: root }).map((file) => basename(file, '.test.ts')))
  for (const [, , , , , words = ''] of rows) {
    for (const [, name = ''] of words.matchAll(/`([\w./-]+\.(?:ts|js|md))`/g))
      assert.ok(files.has(basename(name)) || existsSync(join(root, name)), name)
    for (const [, list = ''] of words.matchAll(/tests? ((?:`[\w-]+`(?:, | and )?)+)/g))
      for (const [, name = ''] of list.matchAll(/`([\w-]+)`/g)) assert.ok(tests.has(name), name)
  }
})
