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

test('the first examples of docs/testing.md and of the README pass as printed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'example-'))
  writeFileSync(join(folder, 'page.test.mjs'), examples('docs/testing.md')[0] ?? '')
  writeFileSync(join(folder, 'readme.test.mjs'), examples('testing/README.md')[0] ?? '')
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = ['--test', '--test-isolation=none', '--test-reporter=tap']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env })
  assert.match(stdout, /^# pass 4$/m)
  rmSync(folder, { recursive: true })
})

test('docs/testing.md prints the tests of the example in React', () => {
  const page = readFileSync(join(root, 'docs/testing.md'), 'utf8')
  for (const file of ['tests/session.test.js', 'tests/page.spec.js', 'playwright.config.js']) {
    const code = readFileSync(join(root, 'examples/react', file), 'utf8')
    assert.ok(page.includes(`\`\`\`js\n${code}\`\`\`\n`), `copy examples/react/${file} into docs/testing.md`)
  }
})
