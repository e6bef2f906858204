import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { runToEnd } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

/** A module that keeps the native part of a dependency from loading, as on a platform that it was not installed on. */
function withoutBinary(name: string): string {
  const file = join(temporaryFolder(), 'hooks.mjs')
  writeFileSync(
    file,
    `import { registerHooks } from 'node:module'
     registerHooks({ resolve(specifier, context, next) {
       if (specifier === '${name}') throw new Error('No native build was found for platform=other\\n    at lots of lines')
       return next(specifier, context)
     } })`,
  )
  return pathToFileURL(file).href
}

test('a machine that cannot hash passwords refuses to start, in one sentence', async () => {
  const { code, output } = await runToEnd(['start'], { imports: [withoutBinary('bcrypt')] })
  assert.equal(code, 1)
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('{'))
  assert.deepEqual(lines, [
    'tessera: Passwords cannot be hashed here: No native build was found for platform=other. Install the dependencies on this machine: npm ci',
  ])
})

test('a command that hashes a password says the same', async () => {
  const imports = [withoutBinary('bcrypt')]
  const { code, output } = await runToEnd(['users', 'create', 'ann@example.com'], { imports, input: 'a correct horse' })
  assert.equal(code, 1)
  assert.match(output, /^tessera: Passwords cannot be hashed here: No native build .* npm ci\n$/)
})
