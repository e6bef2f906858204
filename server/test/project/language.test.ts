import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

// The rules of CONTRIBUTING.md, "Language", as far as a test can hold them.

const root = join(import.meta.dirname, '../../..')
const code = globSync(
  [
    '{server/{src,test,migrations},{client,verify}/{src,test},harness,conformance,torture,deploy,bench}/**/*.{ts,sql}',
    'examples/{*.js,test/*.ts,react/src/*.{ts,tsx},express-api/*.js,next/{,app/}*.js}',
    'generators/{,calls/,checks/,client/,collections/,tools/}*.ts',
  ],
  { cwd: root },
)
  .filter((file) => !file.endsWith('/language.test.ts'))
  .sort()
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'client/README.md',
  'verify/README.md',
  ...globSync('docs/**/*.md', { cwd: root }).sort(),
]

/** The lines of the files that a pattern fits, as `file:line text`. */
function lines(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((text, index) => (pattern.test(text) ? [`${file}:${index + 1} ${text.trim()}`] : [])),
  )
}

test('bounds are MAX_ and MIN_, and waiting is a timeout or an interval', () => {
  assert.deepEqual(lines(code, /\b(MOST|LEAST|LONGEST|SHORTEST|BIGGEST|SMALLEST)_[A-Z]|PATIENCE|\bpatience\b/), [])
})

test('the entity is the user; only mails speak of people', () => {
  const files = code.filter((file) => file.startsWith('server/src/') && !file.startsWith('server/src/mail/words/'))
  assert.deepEqual(lines(files, /\b(persons?|people|people's|person's)\b/i), [])
})

test('subjects have names: clients, users, operators, and not whoever or nobody', () => {
  const vague = /\b(whoever|whomever|nobody|somebody|anybody|everybody|for ever|spelt|mends?|mended)\b(?![@-])/i
  assert.deepEqual(lines(code, vague), [])
  assert.deepEqual(lines(documents, vague), [])
})

test('a comment starts with a subject or a verb', () => {
  assert.deepEqual(lines(code, /(^|\s)(\/\*\*|\/\/|\*|--)\s+(What|Whatever|Whoever|Who)\s(?!.*\?)/), [])
})

test('no page and no comment speaks of "the document" where a contract has a name', () => {
  assert.deepEqual(lines([...code, ...documents], /\b(the|their|its|seed) documents?\b(?! (root|node))/i), [])
})
