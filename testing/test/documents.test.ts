import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')
const source = join(root, 'testing/src')

/** The JavaScript examples of a page, with the package taken from this checkout. */
function examples(page: string): string[] {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, text = '']) => text)
  return blocks.map((text) => text.replace("'tessera-test'", JSON.stringify(join(source, 'start-tessera.ts'))))
}

for (const [page, tests] of [
  ['docs/testing.md', 3],
  ['testing/README.md', 1],
] as const)
  test(`the first example of ${page} passes as printed`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'example-'))
    const file = join(folder, 'example.test.mjs')
    writeFileSync(file, examples(page)[0] ?? '')
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], { env })
    assert.match(stdout, new RegExp(`^# pass ${tests}$`, 'm'))
    rmSync(folder, { recursive: true })
  })
